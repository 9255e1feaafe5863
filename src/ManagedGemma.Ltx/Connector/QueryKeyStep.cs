using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Ltx.Weights;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Connector;

/// <summary>Norm of queries and keys, in place, over all heads together, then RoPE head by head.</summary>
/// <param name="kernels">Kernels.</param>
/// <param name="block">The norms' weights.</param>
/// <param name="sizes">Sizes.</param>
/// <param name="rows">[slots, q | k | v | …].</param>
/// <param name="cos">[slots, width / 2].</param>
/// <param name="sin">[slots, width / 2].</param>
internal readonly struct QueryKeyStep(
    KernelTable kernels, ConnectorBlock block, LtxConnectorConfig sizes, Buffer2D rows, Buffer2D cos, Buffer2D sin) : IJob
{
    public void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, rows.Rows);
        for (int slot = first; slot < end; slot++)
        {
            Span<float> row = rows.Row(slot);
            NormAndRotate(row[..sizes.Width], block.QueryNorm, slot);
            NormAndRotate(row.Slice(sizes.Width, sizes.Width), block.KeyNorm, slot);
        }
    }

    private void NormAndRotate(Span<float> heads, float[] norm, int slot)
    {
        kernels.RmsNorm.Normalize(heads, norm, ConnectorPass.Epsilon, heads);
        int pairs = sizes.HeadDim / 2;
        for (int head = 0; head < sizes.HeadCount; head++)
        {
            kernels.Rope.Rotate(
                heads.Slice(head * sizes.HeadDim, sizes.HeadDim), cos.Row(slot).Slice(head * pairs, pairs), sin.Row(slot).Slice(head * pairs, pairs));
        }
    }
}
