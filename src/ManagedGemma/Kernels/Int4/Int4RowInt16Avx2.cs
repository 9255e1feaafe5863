namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int16DotsAvx2"/>.</summary>
internal sealed class Int4RowInt16Avx2 : Int4RowAvx2<Int16DotsAvx2>;
