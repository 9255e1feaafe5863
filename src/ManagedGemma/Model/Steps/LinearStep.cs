using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>
/// Matrix products of one input with one or more matrices, outputs side by side. A task is some rows of one matrix, for all
/// tokens: it reads its weights once, front to back.
/// </summary>
internal unsafe struct LinearStep : IJob
{
    private const int DepthTile = 512;

    private const int TasksPerWorker = 6;

    private readonly Linear[] _targets;
    private readonly LinearInput _input;
    private readonly KernelTable _kernels;
    private readonly float* _y;
    private readonly nint _yStride;
    private readonly int _workers;

    /// <summary>y[token, …] = input · targetsᵀ, on a team of some workers.</summary>
    public LinearStep(Linear[] targets, LinearInput input, KernelTable kernels, float* y, nint yStride, int workers)
    {
        _workers = workers;
        _targets = targets;
        _input = input;
        _kernels = kernels;
        _y = y;
        _yStride = yStride;
    }

    /// <summary>The number of tasks.</summary>
    public readonly int Tasks
    {
        get
        {
            int tasks = 0;
            foreach (Linear target in _targets)
            {
                tasks += TasksOf(target);
            }

            return tasks;
        }
    }

    public readonly void Run(int task, Worker worker)
    {
        float* y = _y;
        foreach (Linear target in _targets)
        {
            int tasks = TasksOf(target);
            if (task < tasks)
            {
                int rows = RowsPerTask(target), first = task * rows;
                Multiply(target, first, Math.Min(rows, target.Rows - first), y + first, worker);
                return;
            }

            task -= tasks;
            y += target.Rows;
        }
    }

    private readonly int TasksOf(Linear target) => (target.Rows + RowsPerTask(target) - 1) / RowsPerTask(target);

    private readonly int RowsPerTask(Linear target)
    {
        if (_input is not { Int4: { } int4, ForPanels: not null } || !target.IsInt4)
        {
            return IInt4Unpack.TileRows;
        }

        // Several panels share what they read of the input, as long as every worker still gets a good number of tasks.
        int panels = target.Rows / int4.Panel.PanelRows / (TasksPerWorker * _workers);
        return int4.Panel.PanelRows * Math.Clamp(panels, 1, IInt4Panel.MostPanels);
    }

    private readonly void Multiply(Linear target, int first, int count, float* y, Worker worker)
    {
        if (_input.Int4 is not { } int4 || !target.IsInt4)
        {
            MultiplyFloats(target, first, count, y, worker);
            return;
        }

        Int4Rows rows = target.Int4(first, count);
        if (_input.ForRows is { } forRows)
        {
            int4.Row.Multiply(rows, forRows, y, _yStride);
            y += forRows.Tokens * _yStride;
        }

        if (_input.ForPanels is { } forPanels)
        {
            byte* scratch = worker.Scratch(int4.Panel.ScratchBytes(rows.Groups, forPanels.Tokens));
            int4.Panel.Multiply(rows, forPanels, scratch, y, _yStride);
        }
    }

    private readonly void MultiplyFloats(Linear target, int first, int count, float* y, Worker worker)
    {
        // A depth's worth of weights stays in the first-level cache while all tokens pass over it; y carries the sums.
        float* tile = (float*)worker.Scratch((DepthTile * IInt4Unpack.TileRows * sizeof(float)) + (DepthTile * sizeof(float)));
        for (int k = 0; k < target.Columns; k += DepthTile)
        {
            int depth = Math.Min(DepthTile, target.Columns - k);
            if (target.IsInt4)
            {
                _kernels.Unpack.Unpack(target.Int4(first, count), k / Int4Rows.GroupSize, depth / Int4Rows.GroupSize, tile);
            }
            else
            {
                UnpackRows(target, first, count, k, new Span<float>(tile + (DepthTile * IInt4Unpack.TileRows), depth), tile);
            }

            _kernels.FloatMatMul.Multiply(
                _input.Rows + k, _input.RowStride, _input.Count, tile, IInt4Unpack.TileRows, depth, y, _yStride, count, accumulate: k > 0);
        }
    }

    private static void UnpackRows(Linear target, int first, int count, int k, Span<float> row, float* tile)
    {
        for (int r = 0; r < count; r++)
        {
            target.Row(first + r, k, row);
            for (int i = 0; i < row.Length; i++)
            {
                tile[(i * IInt4Unpack.TileRows) + r] = row[i];
            }
        }
    }
}
