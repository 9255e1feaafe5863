namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int8DotDp"/>.</summary>
internal sealed class Int4RowInt8Dp : Int4RowInt8By128<Int8DotDp>;
