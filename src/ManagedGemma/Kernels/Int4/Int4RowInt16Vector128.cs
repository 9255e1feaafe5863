namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int16DotVector128"/>.</summary>
internal sealed class Int4RowInt16Vector128 : Int4Row128<Int16Dots128<Int16DotVector128>>;
