namespace ManagedGemma.Ltx.Weights;

/// <summary>A linear layer: y = weights · x + bias.</summary>
/// <param name="Weights">[outputs, inputs].</param>
/// <param name="Bias">[outputs]; null: none.</param>
internal sealed record LinearLayer(DenseMatrix Weights, float[]? Bias);
