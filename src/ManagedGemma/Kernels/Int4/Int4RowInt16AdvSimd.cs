namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int16DotAdvSimd"/>.</summary>
internal sealed class Int4RowInt16AdvSimd : Int4RowInt16By128<Int16DotAdvSimd>;
