using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>A module as it will be written.</summary>
/// <param name="Path">Its path in the output, without <c>.weight</c>.</param>
/// <param name="Source">A matrix's weights; null for a norm.</param>
/// <param name="Norm">A norm's path in the source, after the prefix; empty for a matrix.</param>
/// <param name="Columns">Inputs, or a norm's length.</param>
/// <param name="Type">Of dense weights, scales and biases.</param>
/// <param name="Scheme">How it is quantised; null: it stays dense.</param>
internal sealed record PlannedModule(string Path, WeightMatrix? Source, string Norm, int Columns, ElementType Type, QuantizationScheme? Scheme)
{
    /// <summary>Number of weights.</summary>
    public long Parameters => (Source?.Rows ?? 1) * Columns;

    /// <summary>The tensors, in order: weight, scales, biases.</summary>
    public IEnumerable<SafetensorsSpec> Tensors
    {
        get
        {
            if (Source is null)
            {
                yield return new SafetensorsSpec(Path + ".weight", Type, Columns);
            }
            else if (Scheme is null)
            {
                yield return new SafetensorsSpec(Path + ".weight", Type, Source.Rows, Columns);
            }
            else
            {
                long groups = Columns / Scheme.GroupSize;
                bool isAffine = Scheme.Mode == QuantizationMode.Affine;
                yield return new SafetensorsSpec(Path + ".weight", ElementType.U32, Source.Rows, (long)Columns * Scheme.Bits / 32);
                yield return new SafetensorsSpec(Path + ".scales", isAffine ? Type : ElementType.U8, Source.Rows, groups);
                if (isAffine)
                {
                    yield return new SafetensorsSpec(Path + ".biases", Type, Source.Rows, groups);
                }
            }
        }
    }
}
