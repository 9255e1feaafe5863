using ManagedGemma.Kernels.Gelu;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>gate = gelu(gate) · up in place, rounded as down_proj's input.</summary>
/// <param name="gelu">The activation.</param>
/// <param name="gateUp">[tokens, 2·size]: gate and up side by side.</param>
/// <param name="tokens">Tokens.</param>
/// <param name="size">The intermediate size.</param>
/// <param name="next">down_proj's input.</param>
internal unsafe struct GateStep(IGatedGelu gelu, float* gateUp, int tokens, int size, LinearInput next) : IJob
{
    public readonly void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, tokens);
        for (int token = first; token < end; token++)
        {
            Span<float> gate = new(gateUp + ((nint)token * 2 * size), size);
            Span<float> up = new(gateUp + ((nint)token * 2 * size) + size, size);
            gelu.Multiply(gate, up, gate);
            next.Complete(token);
        }
    }
}
