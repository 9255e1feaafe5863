namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>One product to compare.</summary>
/// <param name="Columns">K: inputs.</param>
/// <param name="Rows">N: outputs.</param>
/// <param name="Tokens">M.</param>
/// <param name="Threads">Threads of either side.</param>
internal sealed record Case(int Columns, int Rows, int Tokens, int Threads)
{
    // Beyond any second- and most third-level caches, as a model's weights are: else one token would be measured in the cache.
    private const long LeastBytes = 128 << 20;

    /// <summary>The matrices of the 12b: q, o, gate and up, down.</summary>
    public static IReadOnlyList<(int Columns, int Rows)> Shapes { get; } = [(3840, 4096), (4096, 3840), (3840, 15360), (15360, 3840)];

    /// <summary>So many matrices of this shape are multiplied with the same input in one go.</summary>
    public int Matrices => (int)Math.Ceiling(LeastBytes / (Columns * (double)Rows / 2));

    /// <summary>Multiply-accumulates of one go.</summary>
    public double Products => (double)Columns * Rows * Matrices * Tokens;
}
