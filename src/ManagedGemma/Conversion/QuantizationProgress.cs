namespace ManagedGemma.Conversion;

/// <summary>How far a conversion is.</summary>
/// <param name="Module">The module under way, by its path in the output.</param>
/// <param name="DoneBytes">Bytes of tensors written.</param>
/// <param name="TotalBytes">Bytes of tensors in all.</param>
public readonly record struct QuantizationProgress(string Module, long DoneBytes, long TotalBytes);
