using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Connector;

/// <summary>y = rms(x), without a weight.</summary>
internal readonly struct PlainNormStep(KernelTable kernels, Buffer2D x, Buffer2D y) : IJob
{
    public void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, x.Rows);
        for (int row = first; row < end; row++)
        {
            kernels.RmsNorm.Normalize(x.Row(row), [], ConnectorPass.Epsilon, y.Row(row));
        }
    }
}
