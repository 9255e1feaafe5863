using System.Numerics.Tensors;
using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Connector;

/// <summary>
/// Attention of every slot to every slot, times the head's gate: out = 2·sigmoid(gate) · softmax(q·kᵀ / sqrt(head dim)) · v. A task is a
/// tile of neighbouring queries of one head.
/// </summary>
internal readonly unsafe struct FullAttentionStep : IJob
{
    private const int TileQueries = 48;

    /// <summary>Kernels.</summary>
    public required KernelTable Kernels { get; init; }

    /// <summary>Sizes.</summary>
    public required LtxConnectorConfig Sizes { get; init; }

    /// <summary>[slots, q | k | v | gates]: normed and rotated queries.</summary>
    public required Buffer2D Rows { get; init; }

    /// <summary>Keys and values.</summary>
    public required HeadPages Pages { get; init; }

    /// <summary>Whether there are gates.</summary>
    public required bool Gated { get; init; }

    /// <summary>[slots, width].</summary>
    public required Buffer2D Output { get; init; }

    /// <summary>The number of tasks.</summary>
    public int Tasks => Sizes.HeadCount * TilesOfHead;

    private int TilesOfHead => (Rows.Rows + TileQueries - 1) / TileQueries;

    public void Run(int task, Worker worker)
    {
        int head = task / TilesOfHead, first = task % TilesOfHead * TileQueries, count = Math.Min(TileQueries, Rows.Rows - first);
        int dim = Sizes.HeadDim, slots = Rows.Rows;
        nint stride = slots + HeadPages.PageSlots;
        float* scores = (float*)worker.Scratch((nuint)(count * stride) * sizeof(float));
        float* queries = Rows.Floats + (first * Rows.Stride) + (head * dim);
        for (int page = 0; page < Pages.Pages; page++)
        {
            Kernels.FloatMatMul.Multiply(
                queries, Rows.Stride, count, Pages.Keys(head, page), HeadPages.PageSlots, dim,
                scores + (page * HeadPages.PageSlots), stride, HeadPages.PageSlots, accumulate: false);
        }

        float scale = (float)(1 / Math.Sqrt(dim));
        for (int i = 0; i < count; i++)
        {
            Kernels.Softmax.Apply(new Span<float>(scores + (i * stride), slots), scale);
        }

        float* output = Output.Floats + (first * Output.Stride) + (head * dim);
        Kernels.FloatMatMul.Multiply(scores, stride, count, Pages.Values(head), dim, slots, output, Output.Stride, dim, accumulate: false);
        for (int i = 0; Gated && i < count; i++)
        {
            float logit = Rows.Row(first + i)[(3 * Sizes.Width) + head];
            Span<float> row = new(output + (i * Output.Stride), dim);
            TensorPrimitives.Multiply(row, (float)(2 / (1 + Math.Exp(-(double)logit))), row);
        }
    }
}
