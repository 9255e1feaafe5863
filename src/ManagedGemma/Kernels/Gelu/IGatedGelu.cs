namespace ManagedGemma.Kernels.Gelu;

/// <summary>The feed-forward gate of one row: y = gelu(gate) · up (Hendrycks and Gimpel 2016; gated as by Shazeer 2020).</summary>
internal interface IGatedGelu
{
    /// <summary>Multiplies a row's up-projection by the GELU of its gate.</summary>
    /// <param name="gate">The gate's pre-activations.</param>
    /// <param name="up">As long as the gate.</param>
    /// <param name="y">As long as the gate; may be the gate itself. A NaN stays in its own element.</param>
    void Multiply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y);
}
