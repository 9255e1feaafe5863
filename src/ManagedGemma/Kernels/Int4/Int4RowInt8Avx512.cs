namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int8DotsAvx512"/>.</summary>
internal sealed class Int4RowInt8Avx512 : Int4RowAvx512<Int8DotsAvx512>;
