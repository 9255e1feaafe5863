using ManagedGemma.Comparison.Sources;

namespace ManagedGemma.Comparison.Statistics;

/// <summary>A window that moves over tensors: small reads in ascending order become few large ones.</summary>
internal sealed class TensorWindow
{
    private readonly byte[] _buffer = new byte[1 << 20];
    private NamedTensor? _tensor;
    private long _start;
    private int _count;

    /// <summary>Bytes of a tensor, valid until the next call.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="offset">Where in it.</param>
    /// <param name="count">At most the window's length; the range lies inside the tensor.</param>
    public ReadOnlySpan<byte> Read(NamedTensor tensor, long offset, int count)
    {
        if (!ReferenceEquals(_tensor, tensor) || offset < _start || offset + count > _start + _count)
        {
            // Forgotten first: a read that fails leaves no bytes behind that are taken for the tensor's.
            _tensor = null;
            _count = (int)Math.Min(_buffer.Length, tensor.ByteLength - offset);
            tensor.Read(offset, _buffer.AsSpan(0, _count));
            (_tensor, _start) = (tensor, offset);
        }

        return _buffer.AsSpan((int)(offset - _start), count);
    }
}
