namespace ManagedGemma.Checkpoints;

/// <summary>
/// Writes a safetensors file as a stream: the header first, then each tensor's bytes in the order announced. A file
/// appears whole at <see cref="Complete"/> or not at all. Not safe for several threads.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private const int Chunk = 1 << 14;

    private readonly SafetensorsLayout _layout;
    private readonly AtomicFile? _file;
    private readonly Stream _output;
    private byte[]? _converted;
    private int _current = -1;
    private long _left;
    private bool _completed;

    private SafetensorsWriter(SafetensorsLayout layout, Stream output, AtomicFile? file)
    {
        _layout = layout;
        _output = output;
        _file = file;
        _output.Write(layout.Head);
    }

    /// <summary>Bytes of the finished file.</summary>
    public long FileLength => _layout.FileLength;

    /// <summary>Begins a file.</summary>
    /// <param name="path">The target; replaced at the end.</param>
    /// <param name="tensors">What will be written, in this order.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="GemmaException">The file cannot be written.</exception>
    /// <exception cref="ArgumentException">A name is used twice or a shape impossible.</exception>
    public static SafetensorsWriter Create(
        string path, IEnumerable<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        SafetensorsLayout layout = SafetensorsLayout.Create(tensors, metadata);
        AtomicFile file = AtomicFile.Create(path, layout.FileLength);
        try
        {
            return new SafetensorsWriter(layout, file.Stream, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Begins to write to any stream, which stays open.</summary>
    /// <param name="output">Takes the file's bytes.</param>
    /// <param name="tensors">What will be written, in this order.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="ArgumentException">A name is used twice or a shape impossible.</exception>
    public static SafetensorsWriter Create(
        Stream output, IEnumerable<SafetensorsSpec> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(tensors);
        return new SafetensorsWriter(SafetensorsLayout.Create(tensors, metadata), output, null);
    }

    /// <summary>Begins the next tensor.</summary>
    /// <param name="name">Its name, which must be the next one announced.</param>
    /// <returns>What was announced, with its place in the file.</returns>
    /// <exception cref="InvalidOperationException">Another tensor is next, or the one before is not complete.</exception>
    public SafetensorsTensor Begin(string name)
    {
        RequireWhole();
        SafetensorsTensor? next = _current + 1 < _layout.Tensors.Count ? _layout.Tensors[_current + 1] : null;
        if (next?.Name != name)
        {
            throw new InvalidOperationException($"Tensor {name} is not the next one; expected {next?.Name ?? "none"}.");
        }

        _current++;
        _left = next.ByteLength;
        return next;
    }

    /// <summary>Writes bytes of the current tensor as they are.</summary>
    /// <param name="bytes">Little-endian elements, or a part of one.</param>
    /// <exception cref="GemmaException">The disk is full.</exception>
    /// <exception cref="InvalidOperationException">The tensor would grow beyond its announced size.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _left)
        {
            throw new InvalidOperationException($"{bytes.Length} bytes are more than the {_left} that the tensor still takes.");
        }

        _output.Write(bytes);
        _left -= bytes.Length;
    }

    /// <summary>Writes float32 values in the current tensor's type: BF16 or F16 (nearest, ties to even; NaN stays NaN) or F32.</summary>
    /// <param name="values">Any number of elements.</param>
    /// <exception cref="GemmaException">The disk is full.</exception>
    /// <exception cref="InvalidOperationException">The tensor has another type or would grow beyond its announced size.</exception>
    public void Write(ReadOnlySpan<float> values)
    {
        ElementType? type = _current >= 0 ? _layout.Tensors[_current].ElementType : null;
        if (type is not { } target || !target.IsWeightFloat())
        {
            throw new InvalidOperationException("The current tensor is not BF16, F16 or F32.");
        }

        int size = target.ByteSize();
        _converted ??= new byte[Chunk * sizeof(float)];
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, Chunk);
            Span<byte> bytes = _converted.AsSpan(0, count * size);
            ElementConversion.FromSingles(values[..count], target, bytes);
            Write(bytes);
            values = values[count..];
        }
    }

    /// <summary>Ends the file: everything announced must have been written. The target appears.</summary>
    /// <exception cref="GemmaException">The disk is full or the target cannot be replaced.</exception>
    /// <exception cref="InvalidOperationException">A tensor is missing or not complete.</exception>
    public void Complete()
    {
        RequireWhole();
        if (_current + 1 != _layout.Tensors.Count)
        {
            throw new InvalidOperationException($"Tensor {_layout.Tensors[_current + 1].Name} has not been written.");
        }

        _output.Flush();
        _file?.Commit();
        _completed = true;
    }

    /// <summary>Deletes what was written unless it is complete.</summary>
    public void Dispose() => _file?.Dispose();

    private void RequireWhole()
    {
        if (_completed)
        {
            throw new InvalidOperationException("The file is already complete.");
        }

        if (_left != 0)
        {
            throw new InvalidOperationException($"Tensor {_layout.Tensors[_current].Name} lacks {_left} bytes.");
        }
    }
}
