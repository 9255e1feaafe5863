using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Connector;

/// <summary>The feed-forward's activation, in place: GELU by tanh. The gated kernel with gates of 1, which change no bit.</summary>
/// <param name="kernels">Kernels.</param>
/// <param name="rows">[slots, ≥ 4·width].</param>
/// <param name="ones">[4·width].</param>
internal readonly struct ActivationStep(KernelTable kernels, Buffer2D rows, float[] ones) : IJob
{
    public void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, rows.Rows);
        for (int slot = first; slot < end; slot++)
        {
            Span<float> row = rows.Row(slot)[..ones.Length];
            kernels.GeluTanh.Multiply(row, ones, row);
        }
    }
}
