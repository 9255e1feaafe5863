using ManagedGemma.Kernels;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>
/// Between two products: x += norm(update), then y = norm(x), rounded as the next products' input. Without an update only the
/// second half; without a weight for it, only the first.
/// </summary>
internal unsafe struct NormStep : IJob
{
    /// <summary>Kernels.</summary>
    public required KernelTable Kernels { get; init; }

    /// <summary>In both norms.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Tokens.</summary>
    public required int Tokens { get; init; }

    /// <summary>Elements of a row.</summary>
    public required int Size { get; init; }

    /// <summary>[tokens, size]: the residual stream.</summary>
    public required float* X { get; init; }

    /// <summary>[tokens, size]: what a block's half computed; overwritten. Null: nothing to add.</summary>
    public float* Update { get; init; }

    /// <summary>The norm on the update.</summary>
    public float[]? UpdateNorm { get; init; }

    /// <summary>[tokens, size]: the normed stream; may be the update's memory.</summary>
    public float* Y { get; init; }

    /// <summary>The norm on the stream; null: none.</summary>
    public float[]? Norm { get; init; }

    /// <summary>The products that y is for; null: none.</summary>
    public LinearInput? Next { get; init; }

    public readonly void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, Tokens);
        for (int token = first; token < end; token++)
        {
            Span<float> x = new(X + ((nint)token * Size), Size);
            if (Update != null)
            {
                Span<float> update = new(Update + ((nint)token * Size), Size);
                Kernels.RmsNorm.Normalize(update, UpdateNorm, Epsilon, update);
                System.Numerics.Tensors.TensorPrimitives.Add(x, update, x);
            }

            if (Norm is not null)
            {
                Kernels.RmsNorm.Normalize(x, Norm, Epsilon, new Span<float>(Y + ((nint)token * Size), Size));
                Next?.Complete(token);
            }
        }
    }
}
