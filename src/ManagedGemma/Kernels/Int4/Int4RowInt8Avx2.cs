namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int8DotsAvx2"/>.</summary>
internal sealed class Int4RowInt8Avx2 : Int4RowAvx2<Int8DotsAvx2>;
