namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int8DotVector128"/>.</summary>
internal sealed class Int4RowInt8Vector128 : Int4Row128<Int8Dots128<Int8DotVector128>>;
