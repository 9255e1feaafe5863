using ManagedGemma.Kernels;
using ManagedGemma.Kernels.RangeNorm;

namespace ManagedGemma.Conditioning;

/// <summary>How one hidden state is normed before it becomes part of LTX's features. Formulas: Lightricks' LTX-2, <c>feature_extractor.py</c>.</summary>
/// <param name="kernels">Kernels.</param>
/// <param name="version">Which features.</param>
/// <param name="epsilon">Added to the mean square (V2).</param>
internal sealed class StateNorm(KernelTable kernels, FeatureVersion version, float epsilon)
{
    private const float VersionOneEpsilon = 1e-6f;

    /// <summary>Norms a state.</summary>
    /// <param name="values">[tokens, hidden]: a prompt's own tokens, no padding.</param>
    /// <param name="hidden">Elements of a row.</param>
    /// <param name="normed">As long as the values. NaN or infinity makes at least its own row NaN.</param>
    public void Normalize(ReadOnlySpan<float> values, int hidden, Span<float> normed)
    {
        if (version == FeatureVersion.V2)
        {
            ByToken(values, hidden, normed);
        }
        else
        {
            ByRange(values, hidden, normed);
        }
    }

    private void ByToken(ReadOnlySpan<float> values, int hidden, Span<float> normed)
    {
        for (int i = 0; i < values.Length; i += hidden)
        {
            kernels.RmsNorm.Normalize(values.Slice(i, hidden), [], epsilon, normed.Slice(i, hidden));
        }
    }

    // y = 8·(x − mean) / (max − min + eps), mean = sum / (n + eps), over all tokens of the state.
    private void ByRange(ReadOnlySpan<float> values, int hidden, Span<float> normed)
    {
        RowRange range = kernels.RangeNorm.Measure(values[..hidden]);
        for (int i = hidden; i < values.Length; i += hidden)
        {
            range = range.With(kernels.RangeNorm.Measure(values.Slice(i, hidden)));
        }

        float mean = (float)(range.Sum / (values.Length + (double)VersionOneEpsilon));
        float scale = (float)(8 / ((double)range.Maximum - range.Minimum + VersionOneEpsilon));
        for (int i = 0; i < values.Length; i += hidden)
        {
            kernels.RangeNorm.Apply(values.Slice(i, hidden), mean, scale, normed.Slice(i, hidden));
        }
    }
}
