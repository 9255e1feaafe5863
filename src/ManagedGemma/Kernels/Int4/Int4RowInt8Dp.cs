namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int8DotDp"/>.</summary>
internal sealed class Int4RowInt8Dp : Int4Row128<Int8Dots128<Int8DotDp>>;
