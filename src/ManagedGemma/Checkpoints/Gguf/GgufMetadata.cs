using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>Typed access to a GGUF file's metadata, where it lies in the file.</summary>
internal sealed unsafe class GgufMetadata(TensorMemory memory, IReadOnlyDictionary<string, GgufValue> values)
{
    /// <summary>The file, for messages.</summary>
    public string Path => memory.Label;

    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>A whole number from 1 to a limit, of any integer type.</summary>
    public int Size(string key, int? fallback, int most)
    {
        if (!values.TryGetValue(key, out GgufValue value))
        {
            return fallback ?? throw Bad(key, "the key is missing");
        }

        Int128 number = Whole(key, value);
        if (number <= 0)
        {
            throw Bad(key, "must be positive", "at least 1", $"{number}");
        }

        return number <= most ? (int)number : throw Bad(key, "is too large", $"at most {most}", $"{number}");
    }

    /// <summary>A whole number of 0 or more; null when the key is absent.</summary>
    public int? Count(string key)
    {
        if (!values.TryGetValue(key, out GgufValue value))
        {
            return null;
        }

        Int128 number = Whole(key, value);
        return number >= 0 && number <= int.MaxValue ? (int)number : throw Bad(key, "is out of range", $"0 to {int.MaxValue}", $"{number}");
    }

    /// <summary>A positive, finite number of any numeric type.</summary>
    public double Positive(string key, double? fallback)
    {
        if (!values.TryGetValue(key, out GgufValue value))
        {
            return fallback ?? throw Bad(key, "the key is missing");
        }

        double number = value.Type switch
        {
            GgufValueType.F32 => BinaryPrimitives.ReadSingleLittleEndian(Bytes(value, 4)),
            GgufValueType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(value, 8)),
            _ => (double)Whole(key, value),
        };
        return double.IsFinite(number) && number > 0 ? number : throw Bad(key, "must be positive and finite", "a positive number", $"{number}");
    }

    /// <summary>Text; null when the key is absent.</summary>
    public string? Text(string key)
    {
        if (!values.TryGetValue(key, out GgufValue value))
        {
            return null;
        }

        if (value.Type != GgufValueType.Text)
        {
            throw Bad(key, "is not text", "a string", $"{value.Type}");
        }

        ReadOnlySpan<byte> text = Bytes(value, (int)value.Count);
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : throw Bad(key, "the text is not UTF-8");
    }

    /// <summary>A truth value; null when the key is absent.</summary>
    public bool? Flag(string key)
    {
        if (!values.TryGetValue(key, out GgufValue value))
        {
            return null;
        }

        return value.Type == GgufValueType.Bool ? Bytes(value, 1)[0] != 0 : throw Bad(key, "is not a truth value", "a bool", $"{value.Type}");
    }

    /// <summary>An array's truth values; null when the key is absent or no array.</summary>
    public bool[]? Flags(string key)
    {
        if (!values.TryGetValue(key, out GgufValue value) || value.Type != GgufValueType.Array)
        {
            return null;
        }

        if (value.ElementType != GgufValueType.Bool)
        {
            throw Bad(key, "holds something else than truth values", "an array of bool", $"an array of {value.ElementType}");
        }

        bool[] flags = new bool[value.Count];
        ReadOnlySpan<byte> bytes = Bytes(value, flags.Length);
        for (int i = 0; i < flags.Length; i++)
        {
            flags[i] = bytes[i] != 0;
        }

        return flags;
    }

    /// <summary>An array of one of some element types.</summary>
    public GgufValue Array(string key, params ReadOnlySpan<GgufValueType> types)
    {
        if (!values.TryGetValue(key, out GgufValue value))
        {
            throw Bad(key, "the key is missing", "an array");
        }

        return value.Type == GgufValueType.Array && types.Contains(value.ElementType)
            ? value
            : throw Bad(key, "has the wrong type", $"an array of {types[0]}", value.Type == GgufValueType.Array ? $"an array of {value.ElementType}" : $"{value.Type}");
    }

    /// <summary>The file's bytes from an offset on, as far as they are known to belong to a value.</summary>
    public ReadOnlySpan<byte> Bytes(long offset, int count) => new(memory.Pointer + offset, count);

    /// <summary>The exception for a key.</summary>
    public GemmaException Bad(string key, string problem, string? expected = null, string? found = null) => new(problem, Path, key, expected, found);

    private ReadOnlySpan<byte> Bytes(GgufValue value, int count) => Bytes(value.Offset, count);

    private Int128 Whole(string key, GgufValue value)
    {
        ReadOnlySpan<byte> bytes = Bytes(value, GgufValue.SizeOf(value.Type));
        return value.Type switch
        {
            GgufValueType.U8 => bytes[0],
            GgufValueType.I8 => (sbyte)bytes[0],
            GgufValueType.U16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            GgufValueType.I16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            GgufValueType.U32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            GgufValueType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            GgufValueType.U64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            GgufValueType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => throw Bad(key, "is not a whole number", "an integer", $"{value.Type}"),
        };
    }
}
