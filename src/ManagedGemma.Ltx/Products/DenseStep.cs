using System.Numerics;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.TileTranspose;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Products;

/// <summary>
/// Y = X·Wᵀ + bias, or Y += …, for one or more W that share a range of X's columns. A task is 64 outputs for all tokens.
/// <para>
/// Blocks: a tile of 64 outputs by <see cref="Depth"/> weights is widened and transposed into the second-level cache; some tokens at a
/// time, whose inputs stay in the first, pass over it. Each output is a sum of as many chains of fused multiply-adds as there are tiles,
/// in ascending order: short chains keep the error near sqrt(depth) + sqrt(tiles) roundings instead of sqrt(columns), and nothing of it
/// depends on threads or on the instruction set.
/// </para>
/// </summary>
internal unsafe struct DenseStep : IJob
{
    /// <summary>Outputs of a task.</summary>
    public const int TaskRows = Tiles * ITileTranspose.TileRows;

    /// <summary>Weights of a row in a tile, where the source does not want another number.</summary>
    public const int DefaultDepth = 256;

    private const int Tiles = 2;

    // Tokens that pass over a tile together, and rows that are widened before they are transposed.
    private const int BlockTokens = 48;
    private const int UnpackRows = 16;

    /// <summary>Kernels.</summary>
    public required KernelTable Kernels { get; init; }

    /// <summary>The matrices.</summary>
    public required DenseTarget[] Targets { get; init; }

    /// <summary>[tokens, columns]: the inputs that belong to weights <see cref="First"/> and following.</summary>
    public required float* X { get; init; }

    /// <summary>Floats from a token's inputs to the next's.</summary>
    public required nint Stride { get; init; }

    /// <summary>Tokens.</summary>
    public required int Tokens { get; init; }

    /// <summary>The first weight of each row.</summary>
    public int First { get; init; }

    /// <summary>Weights of each row.</summary>
    public required int Columns { get; init; }

    /// <summary>Weights of a row in a tile.</summary>
    public int Depth { get; init; } = DefaultDepth;

    /// <summary>Whether Y is replaced by bias and product; else the product alone, or with <see cref="AddsBias"/> both, is added.</summary>
    public bool Replaces { get; init; }

    /// <summary>Whether the bias is added to what Y holds.</summary>
    public bool AddsBias { get; init; }

    public DenseStep()
    {
    }

    /// <summary>The number of tasks.</summary>
    public readonly int Tasks
    {
        get
        {
            int tasks = 0;
            foreach (DenseTarget target in Targets)
            {
                tasks += target.Tasks;
            }

            return tasks;
        }
    }

    public readonly void Run(int task, Worker worker)
    {
        foreach (DenseTarget target in Targets)
        {
            if (task < target.Tasks)
            {
                int first = task * TaskRows;
                Multiply(target, first, Math.Min(TaskRows, target.Source.Rows - first), worker);
                return;
            }

            task -= target.Tasks;
        }
    }

    private readonly void Multiply(in DenseTarget target, int first, int count, Worker worker)
    {
        int depth = Math.Min(Depth, Columns);
        Scratch scratch = new(worker, depth, target.Source.ScratchFloats(depth));
        Begin(target, first, count);
        for (int k = 0; k < Columns; k += depth)
        {
            int here = Math.Min(depth, Columns - k);
            Fill(target.Source, first, count, k, here, scratch);
            for (int token = 0; token < Tokens; token += BlockTokens)
            {
                int tokens = Math.Min(BlockTokens, Tokens - token);
                float* x = X + (token * Stride) + k;
                for (int tile = 0; tile * ITileTranspose.TileRows < count; tile++)
                {
                    int column = tile * ITileTranspose.TileRows;
                    Kernels.FloatMatMul.Multiply(
                        x, Stride, tokens, scratch.Tile(tile), ITileTranspose.TileRows, here, scratch.Sums, ITileTranspose.TileRows, ITileTranspose.TileRows,
                        accumulate: false);
                    Add(scratch.Sums, tokens, Math.Min(ITileTranspose.TileRows, count - column), target.Y + (token * target.Stride) + first + column, target.Stride);
                }
            }
        }
    }

    private readonly void Begin(in DenseTarget target, int first, int count)
    {
        if (!Replaces && (!AddsBias || target.Bias is null))
        {
            return;
        }

        for (int token = 0; token < Tokens; token++)
        {
            Span<float> y = new(target.Y + (token * target.Stride) + first, count);
            if (!Replaces)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(y, target.Bias.AsSpan(first, count), y);
            }
            else if (target.Bias is null)
            {
                y.Clear();
            }
            else
            {
                target.Bias.AsSpan(first, count).CopyTo(y);
            }
        }
    }

    // Tiles of fewer rows are multiplied whole: what lies in the others is finite or not, and never used.
    private readonly void Fill(IRowSource source, int first, int count, int k, int depth, in Scratch scratch)
    {
        for (int part = 0; part < count; part += UnpackRows)
        {
            int rows = Math.Min(UnpackRows, count - part);
            for (int row = 0; row < rows; row++)
            {
                if (k + depth < Columns)
                {
                    source.Prefetch(first + part + row, First + k + depth, Math.Min(depth, Columns - k - depth));
                }

                source.Read(first + part + row, First + k, new Span<float>(scratch.Unpacked + (row * scratch.UnpackedStride), depth), scratch.ForSource);
            }

            float* tile = scratch.Tile(part / ITileTranspose.TileRows) + (part % ITileTranspose.TileRows);
            Kernels.TileTranspose.Transpose(scratch.Unpacked, scratch.UnpackedStride, rows, depth, tile);
        }
    }

    private static void Add(float* sums, int tokens, int count, float* y, nint stride)
    {
        for (int token = 0; token < tokens; token++, sums += ITileTranspose.TileRows, y += stride)
        {
            int i = 0;
            for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            {
                (Vector.Load(y + i) + Vector.Load(sums + i)).Store(y + i);
            }

            for (; i < count; i++)
            {
                y[i] += sums[i];
            }
        }
    }

    // A worker's memory, cut up. Rows of the transposition's input lie a line more than a round number apart, so that they do not fall
    // into the same few sets of the cache.
    private readonly ref struct Scratch
    {
        private readonly float* _tiles;
        private readonly nint _tileFloats;

        public Scratch(Worker worker, int depth, int sourceFloats)
        {
            int rounded = (depth + 15) / 16 * 16;
            UnpackedStride = rounded + 16;
            _tileFloats = (nint)rounded * ITileTranspose.TileRows;
            nint unpacked = UnpackRows * UnpackedStride;
            const nint Sums = BlockTokens * ITileTranspose.TileRows;
            _tiles = (float*)worker.Scratch((nuint)((Tiles * _tileFloats) + unpacked + Sums + sourceFloats) * sizeof(float));
            Unpacked = _tiles + (Tiles * _tileFloats);
            this.Sums = Unpacked + unpacked;
            ForSource = new Span<float>(this.Sums + Sums, sourceFloats);
        }

        public float* Unpacked { get; }

        public nint UnpackedStride { get; }

        public float* Sums { get; }

        public Span<float> ForSource { get; }

        public float* Tile(int index) => _tiles + (index * _tileFloats);
    }
}
