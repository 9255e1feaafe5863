using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;

namespace ManagedGemma.Model;

/// <summary>
/// The input of matrix products of one pass: float rows where some matrix wants them, integers where some other does.
/// Rounded once for all matrices that share an input. The first rows are laid out for the row kernel, the others for the
/// panel kernel.
/// </summary>
internal sealed unsafe class LinearInput : IDisposable
{
    private readonly int _rowKernelRows;
    private readonly QuantizedActivations? _forRows;
    private readonly QuantizedActivations? _forPanels;
    private bool _rounds;

    /// <summary>Inputs for the passes of a layout.</summary>
    public LinearInput(KernelTable kernels, Precision precision, PassLayout layout)
    {
        Count = layout.Rows;
        _rowKernelRows = layout.RowKernelRows;
        Int4 = precision switch
        {
            Precision.Precise => kernels.Int16,
            Precision.Fast => kernels.Int8,
            _ => null,
        };
        if (Int4 is not null)
        {
            _forRows = _rowKernelRows > 0 ? new QuantizedActivations(Int4.Type) : null;
            _forPanels = _rowKernelRows < Count ? new QuantizedActivations(Int4.Type) : null;
        }
    }

    /// <summary>The number of rows.</summary>
    public int Count { get; }

    /// <summary>How many of the first rows go one by one, by row kernels or dot products; none in float32, where all have the same order of sums.</summary>
    public int SingleRows => Int4 is null ? 0 : _rowKernelRows;

    /// <summary>The integer kernels; null in float32.</summary>
    public Int4Kernels? Int4 { get; }

    /// <summary>The first rows' integers, for the row kernel; null when there are none.</summary>
    public QuantizedActivations? ForRows => _forRows;

    /// <summary>The other rows' integers, for the panel kernel; null when there are none.</summary>
    public QuantizedActivations? ForPanels => _forPanels;

    /// <summary>The float rows of the current input.</summary>
    public float* Rows { get; private set; }

    /// <summary>Floats from a row to the next.</summary>
    public nint RowStride { get; private set; }

    /// <summary>Names the float rows of the next products and makes room for their integers.</summary>
    /// <param name="rows">[count, columns].</param>
    /// <param name="rowStride">Floats from a row to the next.</param>
    /// <param name="targets">The matrices that the input is for.</param>
    public void Set(float* rows, nint rowStride, Linear[] targets)
    {
        Rows = rows;
        RowStride = rowStride;
        _rounds = Int4 is not null && Array.Exists(targets, target => target.IsInt4);
        if (_rounds)
        {
            _forRows?.Shape(_rowKernelRows, targets[0].Columns, forRowKernel: true);
            _forPanels?.Shape(Count - _rowKernelRows, targets[0].Columns, forRowKernel: false);
        }
    }

    /// <summary>Rounds a row, which is complete now; different rows may be rounded at once.</summary>
    public void Complete(int row)
    {
        if (!_rounds)
        {
            return;
        }

        if (row < _rowKernelRows)
        {
            Int4!.Quantizer.Quantize(Rows + (row * RowStride), _forRows!, row);
        }
        else
        {
            Int4!.Quantizer.Quantize(Rows + (row * RowStride), _forPanels!, row - _rowKernelRows);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _forRows?.Dispose();
        _forPanels?.Dispose();
    }
}
