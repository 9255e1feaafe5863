using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;

namespace ManagedGemma.Model;

/// <summary>
/// The input of matrix products of one pass: float rows where some matrix wants them, integers where some other does.
/// Rounded once for all matrices that share an input, and laid out for the kernel that is the faster one for so many rows.
/// </summary>
internal sealed unsafe class LinearInput : IDisposable
{
    private bool _rounds;

    /// <summary>Inputs for the passes of a layout.</summary>
    public LinearInput(KernelTable kernels, Precision precision, PassLayout layout)
    {
        Count = layout.Rows;
        Int4 = precision switch
        {
            Precision.Precise => kernels.Int16,
            Precision.Fast => kernels.Int8,
            _ => null,
        };
        Activations = Int4 is null ? null : new QuantizedActivations(Int4.Type);
        SingleRows = Int4 is null ? 0 : layout.SingleRows;
    }

    /// <summary>The number of rows.</summary>
    public int Count { get; }

    /// <summary>
    /// How many of the first rows meet unpacked matrices one by one, by dot products; none in float32, where all have the same order of sums.
    /// </summary>
    public int SingleRows { get; }

    /// <summary>The integer kernels; null in float32.</summary>
    public Int4Kernels? Int4 { get; }

    /// <summary>All rows' integers; null in float32.</summary>
    public QuantizedActivations? Activations { get; }

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
            Activations!.Shape(Count, targets[0].Columns, forRowKernel: Count <= IInt4Row.MostTokens);
        }
    }

    /// <summary>Rounds a row, which is complete now; different rows may be rounded at once.</summary>
    public void Complete(int row)
    {
        if (_rounds)
        {
            Int4!.Quantizer.Quantize(Rows + (row * RowStride), Activations!, row);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Activations?.Dispose();
}
