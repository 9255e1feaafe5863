namespace ManagedGemma.Kernels.Int4;

/// <summary>By <see cref="Int16DotVector128"/>.</summary>
internal sealed class Int4PanelInt16Vector128 : Int4PanelInt16By128<Int16DotVector128>;
