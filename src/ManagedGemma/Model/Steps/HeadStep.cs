using ManagedGemma.Kernels;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>
/// Norm and RoPE of every query and key head, in place; keys are then transposed into panels. A task is 32 tokens of one head.
/// </summary>
internal unsafe struct HeadStep : IJob
{
    /// <summary>Kernels.</summary>
    public required KernelTable Kernels { get; init; }

    /// <summary>Heads.</summary>
    public required AttentionShape Shape { get; init; }

    /// <summary>In the norms.</summary>
    public required float Epsilon { get; init; }

    /// <summary>[head_dim].</summary>
    public required float[] QueryNorm { get; init; }

    /// <summary>[head_dim].</summary>
    public required float[] KeyNorm { get; init; }

    /// <summary>The layer's angles.</summary>
    public required RopeTable.Angles Angles { get; init; }

    /// <summary>Pairs of a head that are rotated.</summary>
    public required int Pairs { get; init; }

    /// <summary>[tokens, row size].</summary>
    public required float* Qkv { get; init; }

    /// <summary>Tokens.</summary>
    public required int Tokens { get; init; }

    /// <summary>Where keys go.</summary>
    public required KeyPanels Keys { get; init; }

    /// <summary>The number of tasks.</summary>
    public readonly int Tasks => (Shape.QueryHeads + Shape.KeyHeads) * Keys.Panels;

    public readonly void Run(int task, Worker worker)
    {
        int head = task / Keys.Panels, panel = task % Keys.Panels;
        bool isKey = head >= Shape.QueryHeads;
        int first = panel * KeyPanels.Tokens, end = Math.Min(first + KeyPanels.Tokens, Tokens);
        for (int token = first; token < end; token++)
        {
            // Key heads follow the query heads in a row, so one numbering serves both.
            Span<float> values = new(Qkv + ((nint)token * Shape.RowSize) + (head * Shape.HeadDim), Shape.HeadDim);
            Kernels.RmsNorm.Normalize(values, isKey ? KeyNorm : QueryNorm, Epsilon, values);
            Kernels.Rope.Rotate(values, Angles.Cos.AsSpan(token * Pairs, Pairs), Angles.Sin.AsSpan(token * Pairs, Pairs));
            if (isKey)
            {
                float* column = Keys.Panel(head - Shape.QueryHeads, panel) + (token - first);
                for (int i = 0; i < values.Length; i++)
                {
                    column[i * KeyPanels.Tokens] = values[i];
                }
            }
        }
    }
}
