using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Kernels.TileTranspose;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>
/// Matrix products of one input with one or more matrices, outputs side by side. A task is some rows of one matrix, for a block of
/// tokens: it reads its weights once, front to back. All rows meet a block before the next comes.
/// </summary>
internal unsafe struct LinearStep : IJob
{
    private const int DepthTile = 256;

    // Rows that are unpacked before they go into the tile: as many as still leave the tile in the first-level cache. A line more than
    // the depth from row to row, so that they do not fall into the same few sets of the cache.
    private const int UnpackRows = 16;
    private const int UnpackStride = DepthTile + 16;

    private const int TasksPerWorker = 6;

    // Every task reads its block's activations again. Those of 1024 tokens come from memory then: on Zen 5 a seventh slower than blocks of
    // 128, whose weights are read and unpacked eight times.
    private const int BlockTokens = 128;

    private readonly Linear[] _targets;
    private readonly LinearInput _input;
    private readonly KernelTable _kernels;
    private readonly float* _y;
    private readonly nint _yStride;
    private readonly int _workers;
    private readonly int _blocks;
    private readonly int _blockTokens;
    private readonly int _blockTasks;

    /// <summary>y[token, …] = input · targetsᵀ, on a team of some workers.</summary>
    public LinearStep(Linear[] targets, LinearInput input, KernelTable kernels, float* y, nint yStride, int workers)
    {
        _workers = workers;
        _targets = targets;
        _input = input;
        _kernels = kernels;
        _y = y;
        _yStride = yStride;
        int blocks = Math.Max(1, (input.Count + (BlockTokens / 2)) / BlockTokens);
        _blockTokens = QuantizedActivations.Padded((input.Count + blocks - 1) / blocks);
        _blocks = (input.Count + _blockTokens - 1) / _blockTokens;
        foreach (Linear target in targets)
        {
            _blockTasks += TasksOf(target);
        }
    }

    /// <summary>The number of tasks.</summary>
    public readonly int Tasks => _blocks * _blockTasks;

    public readonly void Run(int task, Worker worker)
    {
        (int block, task) = Math.DivRem(task, _blockTasks);
        TokenRange tokens = Block(block);
        float* y = _y;
        foreach (Linear target in _targets)
        {
            int tasks = TasksOf(target);
            if (task < tasks)
            {
                int rows = RowsPerTask(target), first = task * rows, count = Math.Min(rows, target.Rows - first);
                Multiply(target, first, count, tokens, y + (tokens.First * _yStride) + first, worker);
                return;
            }

            task -= tasks;
            y += target.Rows;
        }
    }

    private readonly TokenRange Block(int index)
    {
        int first = index * _blockTokens;
        return new TokenRange(first, Math.Min(_blockTokens, _input.Count - first));
    }

    private readonly int TasksOf(Linear target) => (target.Rows + RowsPerTask(target) - 1) / RowsPerTask(target);

    private readonly int RowsPerTask(Linear target)
    {
        if (_input is not { Int4: { } int4, Activations.ForRowKernel: false } || !target.IsInt4)
        {
            return ITileTranspose.TileRows;
        }

        // Several panels share what they read of the input, as long as every worker still gets a good number of tasks.
        int panels = target.Rows / int4.Panel.PanelRows / (TasksPerWorker * _workers);
        return int4.Panel.PanelRows * Math.Clamp(panels, 1, IInt4Panel.MostPanels);
    }

    // y: the first row's output for the first of the tokens.
    private readonly void Multiply(Linear target, int first, int count, TokenRange tokens, float* y, Worker worker)
    {
        if (_input is not { Int4: { } int4, Activations: { } activations } || !target.IsInt4)
        {
            int singles = Math.Clamp(_input.SingleRows - tokens.First, 0, tokens.Count);
            MultiplyDots(target, first, count, new TokenRange(tokens.First, singles), y, worker);
            MultiplyTiles(target, first, count, new TokenRange(tokens.First + singles, tokens.Count - singles), y + (singles * _yStride), worker);
            return;
        }

        Int4Rows rows = target.Int4(first, count);
        if (activations.ForRowKernel)
        {
            int4.Row.Multiply(rows, activations, worker.Scratch(int4.Row.ScratchBytes), y, _yStride);
            return;
        }

        byte* scratch = worker.Scratch(int4.Panel.ScratchBytes(rows.Groups, tokens.Count));
        int4.Panel.Multiply(rows, activations, tokens, scratch, y, _yStride);
    }

    // A row is unpacked whole and multiplied where it lies.
    private readonly void MultiplyDots(Linear target, int first, int count, TokenRange tokens, float* y, Worker worker)
    {
        if (tokens.Count == 0)
        {
            return;
        }

        float* x = _input.Rows + (tokens.First * _input.RowStride);
        float* unpacked = (float*)worker.Scratch((nuint)target.Columns * sizeof(float));
        for (int row = 0; row < count; row++)
        {
            target.PrefetchRow(first + row + 1, 0, target.Columns);
            float* weights = target.FloatRow(first + row);
            if (weights is null)
            {
                weights = unpacked;
                target.Row(first + row, 0, new Span<float>(weights, target.Columns));
            }

            for (int token = 0; token < tokens.Count; token++)
            {
                y[(token * _yStride) + row] = _kernels.FloatDot.Dot(weights, x + (token * _input.RowStride), target.Columns);
            }
        }
    }

    private readonly void MultiplyTiles(Linear target, int first, int count, TokenRange tokens, float* y, Worker worker)
    {
        if (tokens.Count == 0)
        {
            return;
        }

        // A depth's worth of weights stays in the first-level cache while a block's tokens pass over it; y carries the sums.
        float* tile = (float*)worker.Scratch((nuint)(DepthTile * ITileTranspose.TileRows * sizeof(float)) + (UnpackRows * UnpackStride * sizeof(float)));
        float* unpacked = tile + (DepthTile * ITileTranspose.TileRows);
        float* x = _input.Rows + (tokens.First * _input.RowStride);
        for (int k = 0; k < target.Columns; k += DepthTile)
        {
            int depth = Math.Min(DepthTile, target.Columns - k);
            if (target.IsInt4)
            {
                _kernels.Unpack.Unpack(target.Int4(first, count), k / Int4Rows.GroupSize, depth / Int4Rows.GroupSize, tile);
            }
            else
            {
                Unpack(target, first, count, k, depth, unpacked, tile);
            }

            _kernels.FloatMatMul.Multiply(
                x + k, _input.RowStride, tokens.Count, tile, ITileTranspose.TileRows, depth, y, _yStride, count, accumulate: k > 0);
        }
    }

    // While the tokens pass over this tile, the next one's weights come from memory.
    private readonly void Unpack(Linear target, int first, int count, int k, int depth, float* unpacked, float* tile)
    {
        (int nextFirst, int nextK) = k + depth < target.Columns ? (first, k + depth) : (first + count, 0);
        int nextDepth = Math.Min(DepthTile, target.Columns - nextK);

        // Float rows are transposed from where they lie, unless that would read beyond the last one's end.
        float* floats = depth % ITileTranspose.ColumnMultiple == 0 ? target.FloatRow(first) : null;
        for (int part = 0; part < count; part += UnpackRows)
        {
            int rows = Math.Min(UnpackRows, count - part);
            for (int row = 0; row < rows; row++)
            {
                target.PrefetchRow(nextFirst + part + row, nextK, nextDepth);
                if (floats is null)
                {
                    target.Row(first + part + row, k, new Span<float>(unpacked + (row * UnpackStride), depth));
                }
            }

            float* from = unpacked;
            nint stride = UnpackStride;
            if (floats is not null)
            {
                from = floats + ((nint)part * target.Columns) + k;
                stride = target.Columns;
            }

            _kernels.TileTranspose.Transpose(from, stride, rows, depth, tile + part);
        }
    }
}
