using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>Reads a GGUF header, versions 2 and 3, little-endian, front to back: every count and length is held against what is left.</summary>
internal ref struct GgufHeaderReader
{
    private const int DefaultAlignment = 32;
    private const int MostDimensions = 4;
    private const int LongestName = ushort.MaxValue;

    // The least that an entry takes: a length, a type and a byte; a length, a count of dimensions, a type and an offset.
    private const int LeastValueBytes = 8 + 4 + 1;
    private const int LeastTensorBytes = 8 + 4 + 4 + 8;

    private readonly ReadOnlySpan<byte> _head;
    private readonly long _fileLength;
    private readonly string _path;
    private int _at;

    // What is being read, for messages.
    private string _subject = "the header";

    public GgufHeaderReader(ReadOnlySpan<byte> head, long fileLength, string path)
    {
        _head = head;
        _fileLength = fileLength;
        _path = path;
    }

    private readonly int Left => _head.Length - _at;

    public GgufHeader Read()
    {
        uint version = ReadVersion();
        ulong tensorCount = ReadCount("the tensor count", LeastTensorBytes);
        ulong valueCount = ReadCount("the metadata count", LeastValueBytes);
        Dictionary<string, GgufValue> values = new(StringComparer.Ordinal);
        for (ulong i = 0; i < valueCount; i++)
        {
            _subject = $"metadata entry {i + 1}";
            string key = ReadName();
            _subject = Untrusted.Show(key);
            if (!values.TryAdd(key, ReadValue()))
            {
                throw Bad("duplicate metadata key");
            }
        }

        int alignment = ReadAlignment(values);
        List<GgufTensor> tensors = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        for (ulong i = 0; i < tensorCount; i++)
        {
            _subject = $"tensor {i + 1}";
            string name = ReadName();
            _subject = Untrusted.Show(name);
            tensors.Add(names.Add(name) ? ReadTensor(name, alignment) : throw Bad("duplicate tensor name"));
        }

        long dataStart = Align(_at, alignment);
        for (int i = 0; i < tensors.Count; i++)
        {
            _subject = Untrusted.Show(tensors[i].Name);
            tensors[i] = Place(tensors[i], dataStart);
        }

        CheckOverlap(tensors, dataStart, alignment);
        return new GgufHeader(version, values, tensors, dataStart);
    }

    private uint ReadVersion()
    {
        const int Least = 4 + 4 + 8 + 8;
        if (_head.StartsWith("version https://git-lfs"u8))
        {
            throw new GemmaException("not a GGUF file (a Git LFS pointer: the file itself has not been downloaded)", _path);
        }

        if (_head.Length < Least)
        {
            throw new GemmaException(
                "the file is too short for a GGUF header", _path, expected: $"at least {Least} bytes", found: $"{_head.Length} bytes");
        }

        if (!_head.StartsWith("GGUF"u8))
        {
            throw new GemmaException("not a GGUF file", _path, expected: "GGUF at the beginning", found: Convert.ToHexString(_head[..4]));
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(_head[4..]);
        _at = 8;
        return version switch
        {
            2 or 3 => version,
            _ when BinaryPrimitives.ReverseEndianness(version) is > 0 and < 1 << 16 =>
                throw new GemmaException("big-endian GGUF is not supported", _path),
            _ => throw new GemmaException($"GGUF version {version} is not supported", _path, expected: "2 or 3", found: $"{version}"),
        };
    }

    private ulong ReadCount(string what, int leastBytes)
    {
        ulong count = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        ulong most = (ulong)Left / (ulong)leastBytes;
        return count <= most
            ? count
            : throw new GemmaException($"{what} is impossible for the file's size", _path, expected: $"at most {most}", found: $"{count}");
    }

    /// <summary>A key or a tensor's name.</summary>
    private string ReadName()
    {
        ReadOnlySpan<byte> name = TakeText();
        if (name.Length is 0 or > LongestName)
        {
            throw Bad("the name is empty or too long", $"1 to {LongestName} bytes", $"{name.Length}");
        }

        return Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : throw Bad("the name is not UTF-8");
    }

    private GgufValue ReadValue()
    {
        GgufValueType type = (GgufValueType)BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        switch (type)
        {
            case GgufValueType.Text:
                int length = TakeText().Length;
                return new GgufValue(type, type, length, _at - length);
            case GgufValueType.Array:
                return ReadArray();
            default:
                int offset = _at;
                Take(SizeOf(type));
                return new GgufValue(type, type, 1, offset);
        }
    }

    private GgufValue ReadArray()
    {
        GgufValueType type = (GgufValueType)BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        ulong count = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        int offset = _at;
        if (type == GgufValueType.Array)
        {
            throw Bad("nested arrays are not supported");
        }

        int size = type == GgufValueType.Text ? 8 : SizeOf(type);
        if (count > (ulong)(Left / size))
        {
            throw Bad("an array runs past the end of the file", $"at most {Left / size} elements", $"{count}");
        }

        if (type != GgufValueType.Text)
        {
            Take((int)count * size);
        }
        else
        {
            for (ulong i = 0; i < count; i++)
            {
                TakeText();
            }
        }

        return new GgufValue(GgufValueType.Array, type, (long)count, offset);
    }

    private readonly int SizeOf(GgufValueType type) =>
        GgufValue.SizeOf(type) is > 0 and int size ? size : throw Bad($"unknown metadata type {(uint)type}", "0 to 12", $"{(uint)type}");

    private int ReadAlignment(Dictionary<string, GgufValue> values)
    {
        const string Key = "general.alignment";
        if (!values.TryGetValue(Key, out GgufValue value))
        {
            return DefaultAlignment;
        }

        _subject = Key;
        if (value.Type != GgufValueType.U32)
        {
            throw Bad("has the wrong type", "U32", $"{value.Type}");
        }

        uint alignment = BinaryPrimitives.ReadUInt32LittleEndian(_head[(int)value.Offset..]);
        return System.Numerics.BitOperations.IsPow2(alignment) && alignment <= 1 << 30
            ? (int)alignment
            : throw Bad("the alignment is not a power of two", "a power of two, at most 2^30", $"{alignment}");
    }

    private GgufTensor ReadTensor(string name, int alignment)
    {
        uint dimensions = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        if (dimensions > MostDimensions)
        {
            throw Bad("has too many dimensions", $"at most {MostDimensions}", $"{dimensions}");
        }

        long[] shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            ulong dimension = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
            shape[i] = dimension <= long.MaxValue ? (long)dimension : throw Bad("is too large", "dimensions below 2^63", $"{dimension}");
        }

        uint number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        GgufType type = GgufTypeExtensions.FromNumber(number) ?? throw (GgufTypeExtensions.NameOfUnread(number) is { } known
            ? Bad($"unsupported tensor type {number} ({known})", "F32, F16, BF16, Q4_0 to Q8_0, Q2_K to Q6_K, IQ4_NL or IQ4_XS")
            : Bad($"unknown tensor type {number}"));
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        if (offset % (ulong)alignment != 0)
        {
            throw Bad("the data is not aligned", $"a multiple of {alignment}", $"{offset}");
        }

        // Beyond any file; kept apart from negative numbers.
        long begin = (long)Math.Min(offset, long.MaxValue);
        return new GgufTensor(name, type, shape, begin, Bytes(type, shape));
    }

    private readonly long Bytes(GgufType type, long[] shape)
    {
        int length = type.BlockLength();
        long bytes = type.BlockBytes();
        for (int i = 0; i < shape.Length; i++)
        {
            long dimension = shape[i];
            if (i == shape.Length - 1 && length > 1)
            {
                dimension = dimension % length == 0
                    ? dimension / length
                    : throw Bad($"the rows are not whole blocks of {length}", $"a multiple of {length} for {type}", $"{dimension}");
            }

            bytes = dimension == 0 || bytes <= long.MaxValue / dimension
                ? bytes * dimension
                : throw Bad("is too large", "at most 2^63 - 1 bytes", Untrusted.Show(shape));
        }

        return shape.Length > 0 || length == 1 ? bytes : throw Bad($"a single number cannot be {type}");
    }

    /// <summary>From an offset that counts from the data's start to one from the file's, inside the file.</summary>
    private readonly GgufTensor Place(GgufTensor tensor, long dataStart)
    {
        long dataLength = Math.Max(0, _fileLength - dataStart);
        if (dataStart > _fileLength || tensor.Offset > dataLength)
        {
            throw Bad("the data lies outside the file", $"an offset of at most {dataLength}", $"{tensor.Offset}");
        }

        return tensor.ByteLength <= dataLength - tensor.Offset
            ? tensor with { Offset = dataStart + tensor.Offset }
            : throw Bad(
                "the data runs past the end of the file (truncated download?)",
                $"at most {dataLength - tensor.Offset} bytes",
                $"{tensor.ByteLength} for {tensor.Type} {Untrusted.Show(tensor.Shape)}");
    }

    /// <summary>Tensors follow each other with nothing but padding between them, as ggml requires.</summary>
    private readonly void CheckOverlap(List<GgufTensor> tensors, long dataStart, int alignment)
    {
        long end = dataStart;
        foreach (GgufTensor tensor in tensors.OrderBy(x => x.Offset).ThenBy(x => x.ByteLength))
        {
            long expected = Align(end, alignment);
            if (tensor.Offset != expected)
            {
                throw new GemmaException(
                    tensor.Offset < end ? "the data overlaps another tensor's" : "the data leaves a gap after another tensor's",
                    _path,
                    Untrusted.Show(tensor.Name),
                    $"an offset of {expected - dataStart}",
                    $"{tensor.Offset - dataStart}");
            }

            end = tensor.Offset + tensor.ByteLength;
        }
    }

    private static long Align(long position, int alignment) => (position + alignment - 1) / alignment * alignment;

    private ReadOnlySpan<byte> TakeText()
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        return length <= (ulong)Left
            ? Take((int)length)
            : throw Bad(
                length > (ulong)_fileLength ? "a string runs past the end of the file" : "the file ends inside its metadata",
                $"at most {Left} bytes",
                $"{length}");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Left)
        {
            throw Bad(
                _head.Length < _fileLength ? $"the metadata is longer than {_head.Length} bytes" : "the file ends inside its metadata",
                $"{count} more bytes",
                $"{Left}");
        }

        ReadOnlySpan<byte> taken = _head.Slice(_at, count);
        _at += count;
        return taken;
    }

    private readonly GemmaException Bad(string problem, string? expected = null, string? found = null) =>
        new(problem, _path, _subject, expected, found);
}
