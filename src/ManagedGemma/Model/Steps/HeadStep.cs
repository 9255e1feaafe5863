using ManagedGemma.Kernels;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>
/// Norm and RoPE of every query head, in place, and of every key head, transposed into the cache; values go there as they are.
/// A task is one head of the tokens that share a page.
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

    /// <summary>[rows, row size].</summary>
    public required float* Qkv { get; init; }

    /// <summary>Which tokens.</summary>
    public required PassLayout Layout { get; init; }

    /// <summary>The cache of each sequence.</summary>
    public required KeyValues[] Caches { get; init; }

    /// <summary>The number of tasks.</summary>
    public readonly int Tasks => (Shape.QueryHeads + Shape.KeyHeads) * Layout.Pages.Length;

    public readonly void Run(int task, Worker worker)
    {
        int head = task / Layout.Pages.Length;
        PositionRange range = Layout.Pages[task % Layout.Pages.Length];
        SequenceSlice slice = Layout.Sequences[range.Sequence];
        for (int position = range.First; position < range.First + range.Count; position++)
        {
            float* row = Qkv + ((nint)(slice.Row + position - slice.Start) * Shape.RowSize);
            if (head < Shape.QueryHeads)
            {
                NormAndRotate(new Span<float>(row + (head * Shape.HeadDim), Shape.HeadDim), QueryNorm, position);
            }
            else
            {
                Keep(row + Shape.QuerySize, head - Shape.QueryHeads, position, Caches[range.Sequence]);
            }
        }
    }

    private readonly void NormAndRotate(Span<float> head, float[] norm, int position)
    {
        Kernels.RmsNorm.Normalize(head, norm, Epsilon, head);
        Kernels.Rope.Rotate(head, Angles.Cos.AsSpan(position * Pairs, Pairs), Angles.Sin.AsSpan(position * Pairs, Pairs));
    }

    // keysAndValues: a row's keys, then its values.
    private readonly void Keep(float* keysAndValues, int keyHead, int position, KeyValues cache)
    {
        int page = position / KeyValues.PageTokens, column = position % KeyValues.PageTokens;
        Span<float> key = new(keysAndValues + (keyHead * Shape.HeadDim), Shape.HeadDim);
        NormAndRotate(key, KeyNorm, position);
        float* keys = cache.Keys(keyHead, page) + column;
        foreach (float element in key)
        {
            *keys = element;
            keys += KeyValues.PageTokens;
        }

        int offset = keyHead * Shape.HeadDim;
        Span<float> kept = new(cache.Values(page) + ((nint)column * Shape.KeySize) + offset, Shape.HeadDim);
        new ReadOnlySpan<float>(keysAndValues + Shape.KeySize + offset, Shape.HeadDim).CopyTo(kept);
    }
}
