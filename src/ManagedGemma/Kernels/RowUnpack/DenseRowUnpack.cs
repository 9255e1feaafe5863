using ManagedGemma.Checkpoints;

namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>Rows of BF16, F16 or F32, which need no unpacking but their widening.</summary>
internal sealed unsafe class DenseRowUnpack(ElementType type) : IRowUnpack
{
    private readonly int _size = type.ByteSize();

    public void Unpack(in PackedRow row, int first, Span<float> destination) =>
        ElementConversion.ToSingles(new ReadOnlySpan<byte>(row.Values + ((nint)first * _size), destination.Length * _size), type, destination);
}
