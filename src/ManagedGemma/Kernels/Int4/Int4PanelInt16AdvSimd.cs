namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int16DotAdvSimd"/>.</summary>
internal sealed class Int4PanelInt16AdvSimd : Int4PanelInt16By128<Int16DotAdvSimd>;
