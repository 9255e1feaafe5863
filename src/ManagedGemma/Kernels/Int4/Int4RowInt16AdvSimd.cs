namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int16DotAdvSimd"/>.</summary>
internal sealed class Int4RowInt16AdvSimd : Int4Row128<Int16Dots128<Int16DotAdvSimd>>;
