using ManagedGemma.Kernels;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>
/// Causal attention with an optional sliding window: out = softmax(scale · q·kᵀ) · v over the keys that a query sees. A task is
/// 24 queries of one head. Scores are products with key panels; keys that are not seen are never weighted, not even by zero,
/// so NaN in a later token stays there. A query's sum runs over its keys in ascending order, however queries are cut into tasks.
/// </summary>
internal unsafe struct AttentionStep : IJob
{
    /// <summary>Queries of a task.</summary>
    public const int QueryTile = 24;

    // Queries whose common keys are multiplied in one call; what only some of them see goes row by row.
    private const int ValueTile = 6;

    /// <summary>Kernels.</summary>
    public required KernelTable Kernels { get; init; }

    /// <summary>Heads.</summary>
    public required AttentionShape Shape { get; init; }

    /// <summary>The factor on scores.</summary>
    public required float Scale { get; init; }

    /// <summary>Keys that a query sees at most, itself included.</summary>
    public required int Window { get; init; }

    /// <summary>[tokens, row size], normed and rotated.</summary>
    public required float* Qkv { get; init; }

    /// <summary>Tokens.</summary>
    public required int Tokens { get; init; }

    /// <summary>The keys.</summary>
    public required KeyPanels Keys { get; init; }

    /// <summary>[tokens, query size].</summary>
    public required float* Output { get; init; }

    /// <summary>The number of tasks.</summary>
    public readonly int Tasks => Shape.QueryHeads * QueryTiles;

    private readonly int QueryTiles => (Tokens + QueryTile - 1) / QueryTile;

    public readonly void Run(int task, Worker worker)
    {
        // The last tiles see most keys: they come first, so that no worker is left with one at the end.
        int head = task % Shape.QueryHeads, tile = QueryTiles - 1 - (task / Shape.QueryHeads);
        int first = tile * QueryTile, count = Math.Min(QueryTile, Tokens - first);
        int firstPanel = FirstKey(first) / KeyPanels.Tokens, endPanel = ((first + count - 1) / KeyPanels.Tokens) + 1;
        int stride = (endPanel - firstPanel) * KeyPanels.Tokens;
        float* scores = (float*)worker.Scratch((nuint)QueryTile * (nuint)stride * sizeof(float));
        float* queries = Qkv + ((nint)first * Shape.RowSize) + (head * Shape.HeadDim);
        int keyHead = Shape.KeyHeadOf(head);
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            Kernels.FloatMatMul.Multiply(
                queries, Shape.RowSize, count,
                Keys.Panel(keyHead, panel), KeyPanels.Tokens, Shape.HeadDim,
                scores + ((panel - firstPanel) * KeyPanels.Tokens), stride, KeyPanels.Tokens, accumulate: false);
        }

        int firstKey = firstPanel * KeyPanels.Tokens;
        for (int i = 0; i < count; i++)
        {
            int query = first + i, from = FirstKey(query);
            Kernels.Softmax.Apply(new Span<float>(scores + ((nint)i * stride) + (from - firstKey), query + 1 - from), Scale);
        }

        for (int i = 0; i < count; i += ValueTile)
        {
            WeighValues(head, first + i, Math.Min(ValueTile, count - i), scores + ((nint)i * stride) - firstKey, stride);
        }
    }

    private readonly int FirstKey(int query) => Math.Max(0, query - Window + 1);

    // weights[i * stride + key]: the probability of a key for query first + i, defined where it sees the key.
    private readonly void WeighValues(int head, int first, int count, float* weights, nint stride)
    {
        float* output = Output + ((nint)first * Shape.QuerySize) + (head * Shape.HeadDim);
        int last = first + count - 1;
        int commonFirst = FirstKey(last), commonEnd = first + 1;
        if (commonFirst >= commonEnd)
        {
            // A window narrower than the tile: nothing in common.
            for (int i = 0; i < count; i++)
            {
                AddValues(head, weights + (i * stride), stride, 1, FirstKey(first + i), first + i + 1, output + ((nint)i * Shape.QuerySize), accumulate: false);
            }

            return;
        }

        for (int i = 0; i < count; i++)
        {
            AddValues(head, weights + (i * stride), stride, 1, FirstKey(first + i), commonFirst, output + ((nint)i * Shape.QuerySize), accumulate: false);
        }

        AddValues(head, weights, stride, count, commonFirst, commonEnd, output, accumulate: true);
        for (int i = 1; i < count; i++)
        {
            AddValues(head, weights + (i * stride), stride, 1, commonEnd, first + i + 1, output + ((nint)i * Shape.QuerySize), accumulate: true);
        }
    }

    private readonly void AddValues(int head, float* weights, nint stride, int rows, int from, int end, float* output, bool accumulate)
    {
        float* values = Qkv + ((nint)from * Shape.RowSize) + Shape.QuerySize + Shape.KeySize + (Shape.KeyHeadOf(head) * Shape.HeadDim);
        Kernels.FloatMatMul.Multiply(
            weights + from, stride, rows, values, Shape.RowSize, end - from, output, Shape.QuerySize, Shape.HeadDim, accumulate);
    }
}
