using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Weights;

/// <summary>
/// Why a result is not a number. Weights are not searched before they are used, which would read them twice; they are when a result shows
/// that something is wrong.
/// </summary>
internal static class Faults
{
    /// <summary>The fault of a row of weights; null when it has none.</summary>
    public static GemmaException? Of(DenseMatrix matrix, int row) =>
        matrix.IsFinite(row)
            ? null
            : new GemmaException(
                "the weights hold NaN or infinity", matrix.Weight.File, Untrusted.Show(matrix.Weight.Name), "numbers", $"something else in row {row}");

    /// <summary>The fault of a block's weights, or else of its numbers.</summary>
    public static GemmaException Of(ConnectorBlock block, CancellationToken cancellation)
    {
        foreach (LinearLayer layer in block.Layers)
        {
            for (int row = 0; row < layer.Weights.Rows; row++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (Of(layer.Weights, row) is { } fault)
                {
                    return fault;
                }
            }
        }

        return new GemmaException("the values grew beyond float32", block.Query.Weights.Weight.File, block.Name);
    }

    /// <summary>The fault where every weight is a number.</summary>
    public static GemmaException Overflow(DenseMatrix matrix) =>
        new("the values grew beyond float32", matrix.Weight.File, Untrusted.Show(matrix.Weight.Name));
}
