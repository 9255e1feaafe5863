namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int8DotDp"/>.</summary>
internal sealed class Int4PanelInt8Dp : Int4PanelInt8By128<Int8DotDp>;
