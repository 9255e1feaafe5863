namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int16DotsAvx512"/>.</summary>
internal sealed class Int4RowInt16Avx512 : Int4RowAvx512<Int16DotsAvx512>;
