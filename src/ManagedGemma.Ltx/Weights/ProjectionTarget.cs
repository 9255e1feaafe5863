namespace ManagedGemma.Ltx.Weights;

/// <summary>One matrix of the projection.</summary>
/// <param name="Weights">[width, hidden size · states], columns interleaved: d · states + state.</param>
/// <param name="Bias">[width]; null: none.</param>
internal sealed record ProjectionTarget(DenseMatrix Weights, float[]? Bias)
{
    /// <summary>Outputs.</summary>
    public int Width => Weights.Rows;

    /// <summary>The factor on V2's normed features: sqrt(width / hidden size).</summary>
    public float Scale(int hiddenSize) => Bias is null ? 1 : (float)Math.Sqrt((double)Width / hiddenSize);
}
