using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;

namespace ManagedGemma.Model;

/// <summary>
/// The input of matrix products of one pass: float rows where some matrix wants them, integers where some other does.
/// Rounded once for all matrices that share an input.
/// </summary>
internal sealed unsafe class LinearInput : IDisposable
{
    // Up to here a pass over MLX's rows as they lie beats transposing panels; from the prompt's own length alone, so that
    // a prompt's bits do not depend on what else is computed with it. Measured by the bench "short".
    internal const int RowKernelTokens = 1;

    private readonly QuantizedActivations? _activations;
    private readonly IActivationQuantizer? _quantizer;
    private bool _rounds;

    /// <summary>Inputs for passes over <paramref name="tokens"/> tokens.</summary>
    public LinearInput(KernelTable kernels, Precision precision, int tokens)
    {
        Tokens = tokens;
        Int4 = precision switch
        {
            Precision.Precise => kernels.Int16,
            Precision.Fast => kernels.Int8,
            _ => null,
        };
        _quantizer = Int4?.Quantizer;
        _activations = Int4 is null ? null : new QuantizedActivations(Int4.Type);
    }

    /// <summary>The number of tokens.</summary>
    public int Tokens { get; }

    /// <summary>The integer kernels; null in float32.</summary>
    public Int4Kernels? Int4 { get; }

    /// <summary>The activations for <see cref="Int4"/>.</summary>
    public QuantizedActivations Activations => _activations!;

    /// <summary>Whether the integer kernels work row by row.</summary>
    public bool ByRow => Tokens <= RowKernelTokens;

    /// <summary>The float rows of the current input.</summary>
    public float* Rows { get; private set; }

    /// <summary>Floats from a row to the next.</summary>
    public nint RowStride { get; private set; }

    /// <summary>Names the float rows of the next products and makes room for their integers.</summary>
    /// <param name="rows">[tokens, columns].</param>
    /// <param name="rowStride">Floats from a row to the next.</param>
    /// <param name="targets">The matrices that the input is for.</param>
    public void Set(float* rows, nint rowStride, Linear[] targets)
    {
        Rows = rows;
        RowStride = rowStride;
        _rounds = _quantizer is not null && Array.Exists(targets, target => target.IsInt4);
        if (_rounds)
        {
            _activations!.Shape(Tokens, targets[0].Columns, ByRow);
        }
    }

    /// <summary>Rounds a token's row, which is complete now; different tokens may be rounded at once.</summary>
    public void Complete(int token)
    {
        if (_rounds)
        {
            _quantizer!.Quantize(Rows + (token * RowStride), _activations!, token);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _activations?.Dispose();
}
