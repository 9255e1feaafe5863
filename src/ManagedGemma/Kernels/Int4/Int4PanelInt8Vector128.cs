namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int8DotVector128"/>.</summary>
internal sealed class Int4PanelInt8Vector128 : Int4PanelInt8By128<Int8DotVector128>;
