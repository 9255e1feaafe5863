namespace ManagedGemma.Comparison;

/// <summary>How far a comparison is.</summary>
/// <param name="DoneBytes">Bytes of both sides that have been compared.</param>
/// <param name="TotalBytes">Bytes of all that is to be compared.</param>
public readonly record struct ComparisonProgress(long DoneBytes, long TotalBytes);
