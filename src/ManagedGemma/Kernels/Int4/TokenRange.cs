namespace ManagedGemma.Kernels.Int4;

/// <summary>Tokens beside each other.</summary>
/// <param name="First">The first; for a panel kernel a multiple of <see cref="QuantizedActivations.TokenMultiple"/>.</param>
/// <param name="Count">How many.</param>
internal readonly record struct TokenRange(int First, int Count);
