namespace ManagedGemma.Ltx.Products;

/// <summary>One of the matrices that share a product's input, and where its outputs go.</summary>
/// <param name="source">The weights.</param>
/// <param name="bias">An output each; null: none.</param>
/// <param name="y">[tokens, rows of the source].</param>
/// <param name="stride">Floats from a token's outputs to the next's.</param>
internal readonly unsafe struct DenseTarget(IRowSource source, float[]? bias, float* y, nint stride)
{
    /// <summary>The weights.</summary>
    public IRowSource Source => source;

    /// <summary>An output each; null: none.</summary>
    public float[]? Bias => bias;

    /// <summary>Outputs.</summary>
    public float* Y => y;

    /// <summary>Floats from a token's outputs to the next's.</summary>
    public nint Stride => stride;

    /// <summary>The number of tasks that it falls into.</summary>
    public int Tasks => (source.Rows + DenseStep.TaskRows - 1) / DenseStep.TaskRows;
}
