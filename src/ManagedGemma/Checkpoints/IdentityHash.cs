using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ManagedGemma.Checkpoints;

/// <summary>SHA-256 of a succession of values. Each is written with its length or in a fixed size, so that no two successions look alike.</summary>
internal sealed class IdentityHash : IDisposable
{
    // A small tensor is hashed whole; of a larger one, pieces at its beginning, middle and end.
    private const int WholeBytes = 4096;
    private const int PieceBytes = 512;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds a number.</summary>
    public void Add(long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        _hash.AppendData(bytes);
    }

    /// <summary>Adds a number.</summary>
    public void Add(double value) => Add(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Adds a truth.</summary>
    public void Add(bool value) => Add(value ? 1L : 0);

    /// <summary>Adds a text.</summary>
    public void Add(string value) => Add(Encoding.UTF8.GetBytes(value));

    /// <summary>Adds bytes.</summary>
    public void Add(ReadOnlySpan<byte> value)
    {
        Add((long)value.Length);
        _hash.AppendData(value);
    }

    /// <summary>Adds a tensor: name, type, shape, and samples of its content.</summary>
    public void Add(TensorView tensor)
    {
        Add(tensor.Name);
        Add(tensor.TypeName);
        Add((long)tensor.Shape.Count);
        foreach (long dimension in tensor.Shape)
        {
            Add(dimension);
        }

        Add(tensor.ByteLength);
        if (tensor.ByteLength <= WholeBytes)
        {
            Add(tensor, 0, (int)tensor.ByteLength);
            return;
        }

        Add(tensor, 0, PieceBytes);
        Add(tensor, (tensor.ByteLength - PieceBytes) / 2, PieceBytes);
        Add(tensor, tensor.ByteLength - PieceBytes, PieceBytes);
    }

    /// <summary>Adds tensors, in the order of their names.</summary>
    public void Add(IEnumerable<TensorView> tensors)
    {
        foreach (TensorView tensor in tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            Add(tensor);
        }
    }

    /// <summary>The 32 bytes of all that was added; it begins anew afterwards.</summary>
    public byte[] Result() => _hash.GetHashAndReset();

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void Add(TensorView tensor, long offset, int length)
    {
        Span<byte> bytes = stackalloc byte[length];
        tensor.CopyTo(offset, bytes);
        _hash.AppendData(bytes);
    }
}
