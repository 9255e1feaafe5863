using ManagedGemma.Kernels;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>
/// Causal attention with an optional sliding window: out = softmax(scale · q·kᵀ) · v over the keys that a query sees. A task is
/// a tile of neighbouring queries of one head. Scores are products with pages of transposed keys; keys that are not seen are
/// never weighted, not even by zero, so NaN in a later token stays there. A query's sum runs over its keys in ascending order,
/// however queries are cut into tiles and tokens into passes.
/// </summary>
internal unsafe struct AttentionStep : IJob
{
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

    /// <summary>[rows, row size]: normed and rotated queries.</summary>
    public required float* Qkv { get; init; }

    /// <summary>Which tokens.</summary>
    public required PassLayout Layout { get; init; }

    /// <summary>The cache of each sequence.</summary>
    public required KeyValues[] Caches { get; init; }

    /// <summary>[rows, query size].</summary>
    public required float* Output { get; init; }

    /// <summary>The number of tasks.</summary>
    public readonly int Tasks => Shape.QueryHeads * Layout.QueryTiles.Length;

    public readonly void Run(int task, Worker worker)
    {
        int head = task % Shape.QueryHeads, keyHead = Shape.KeyHeadOf(head);
        PositionRange tile = Layout.QueryTiles[task / Shape.QueryHeads];
        SequenceSlice slice = Layout.Sequences[tile.Sequence];
        KeyValues cache = Caches[tile.Sequence];
        int row = slice.Row + tile.First - slice.Start, last = tile.First + tile.Count - 1;
        int firstPage = FirstKey(tile.First) / KeyValues.PageTokens, endPage = (last / KeyValues.PageTokens) + 1;
        int stride = (endPage - firstPage) * KeyValues.PageTokens;
        float* scores = (float*)worker.Scratch((nuint)tile.Count * (nuint)stride * sizeof(float));
        float* queries = Qkv + ((nint)row * Shape.RowSize) + (head * Shape.HeadDim);
        for (int page = firstPage; page < endPage; page++)
        {
            Kernels.FloatMatMul.Multiply(
                queries, Shape.RowSize, tile.Count,
                cache.Keys(keyHead, page), KeyValues.PageTokens, Shape.HeadDim,
                scores + ((page - firstPage) * KeyValues.PageTokens), stride, KeyValues.PageTokens, accumulate: false);
        }

        int firstKey = firstPage * KeyValues.PageTokens;
        for (int i = 0; i < tile.Count; i++)
        {
            int query = tile.First + i, from = FirstKey(query);
            Kernels.Softmax.Apply(new Span<float>(scores + ((nint)i * stride) + (from - firstKey), query + 1 - from), Scale);
        }

        float* output = Output + ((nint)row * Shape.QuerySize) + (head * Shape.HeadDim);
        for (int i = 0; i < tile.Count; i += ValueTile)
        {
            Weighing weighing = new(cache, keyHead, scores + ((nint)i * stride) - firstKey, stride, output + ((nint)i * Shape.QuerySize));
            WeighValues(weighing, tile.First + i, Math.Min(ValueTile, tile.Count - i));
        }
    }

    private readonly int FirstKey(int query) => Math.Max(0, query - Window + 1);

    // What all queries see goes in one product; before it what only the first see, after it what only the last see.
    private readonly void WeighValues(in Weighing weighing, int first, int count)
    {
        int commonFirst = FirstKey(first + count - 1), commonEnd = first + 1;
        if (commonFirst >= commonEnd)
        {
            // A window narrower than the tile: nothing in common.
            for (int i = 0; i < count; i++)
            {
                AddValues(weighing, i, 1, FirstKey(first + i), first + i + 1, accumulate: false);
            }

            return;
        }

        for (int i = 0; i < count; i++)
        {
            AddValues(weighing, i, 1, FirstKey(first + i), commonFirst, accumulate: false);
        }

        AddValues(weighing, 0, count, commonFirst, commonEnd, accumulate: true);
        for (int i = 1; i < count; i++)
        {
            AddValues(weighing, i, 1, commonEnd, first + i + 1, accumulate: true);
        }
    }

    // Adds the weighted values of keys from .. end - 1 for some queries, page by page.
    private readonly void AddValues(in Weighing weighing, int query, int queries, int from, int end, bool accumulate)
    {
        float* output = weighing.Output + ((nint)query * Shape.QuerySize);
        float* weights = weighing.Weights + (query * weighing.Stride);
        do
        {
            int page = from / KeyValues.PageTokens, pageEnd = Math.Min(end, (page + 1) * KeyValues.PageTokens);
            float* values = weighing.Cache.Values(page) + ((nint)(from % KeyValues.PageTokens) * Shape.KeySize) + (weighing.KeyHead * Shape.HeadDim);
            Kernels.FloatMatMul.Multiply(
                weights + from, weighing.Stride, queries, values, Shape.KeySize, pageEnd - from, output, Shape.QuerySize, Shape.HeadDim, accumulate);
            accumulate = true;
            from = pageEnd;
        }
        while (from < end);
    }

    // Weights[i * Stride + key]: the probability of a key for query i, defined where it sees the key. Output: query 0's.
    private readonly struct Weighing(KeyValues cache, int keyHead, float* weights, nint stride, float* output)
    {
        public readonly KeyValues Cache = cache;
        public readonly int KeyHead = keyHead;
        public readonly float* Weights = weights;
        public readonly nint Stride = stride;
        public readonly float* Output = output;
    }
}
