using System.Globalization;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Comparison.Sources;

/// <summary>
/// Parity dumps of car-inference, as <see cref="Conditioning.DumpSink"/> writes them too: NAME.bin with little-endian float32 beside
/// NAME.meta with a shape, <c>[1, 1024, 3840]</c>. A directory of them, or one.
/// </summary>
public sealed class DumpTensors : INamedTensors
{
    /// <summary>What a dump's values are called.</summary>
    public const string DataExtension = ".bin";

    private const string ShapeExtension = ".meta";
    private const int LongestShape = 1024;

    private readonly List<TensorMemory> _memories = [];
    private readonly List<NamedTensor> _tensors = [];

    private DumpTensors(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<NamedTensor> Tensors => _tensors;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Opens all dumps of a directory, or the one whose .bin is named.</summary>
    /// <param name="path">A directory or NAME.bin.</param>
    /// <exception cref="GemmaException">There is none; a .bin or .meta is without the other; a shape is none or not that of the values.</exception>
    public static DumpTensors Open(string path)
    {
        DumpTensors dumps = new(path);
        try
        {
            if (Directory.Exists(path))
            {
                dumps.AddAll();
            }
            else
            {
                dumps.Add(path);
            }

            return dumps;
        }
        catch
        {
            dumps.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TensorMemory memory in _memories)
        {
            memory.Dispose();
        }
    }

    private void AddAll()
    {
        string[] files;
        try
        {
            files = Directory.GetFiles(Path);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw new GemmaException("the directory cannot be read", Path, found: exception.Message, innerException: exception);
        }

        string[] data = WithExtension(files, DataExtension), shapes = WithExtension(files, ShapeExtension);
        if (data.Length == 0 && shapes.Length == 0)
        {
            throw new GemmaException("the directory holds no dumps", Path, expected: "NAME.bin beside NAME.meta");
        }

        if (shapes.Except(data.Select(ShapeFile), StringComparer.Ordinal).FirstOrDefault() is { } lonely)
        {
            throw new GemmaException("a dump's shape is without its values", lonely, expected: "a .bin of the same name beside it");
        }

        foreach (string file in data.Order(StringComparer.Ordinal))
        {
            Add(file);
        }
    }

    private void Add(string file)
    {
        MappedFile mapped = MappedFile.Open(file);
        TensorMemory memory = new(mapped);
        _memories.Add(memory);
        string shapeFile = ShapeFile(file);
        if (!File.Exists(shapeFile))
        {
            throw new GemmaException("a dump's values are without their shape", file, expected: "a .meta of the same name beside it");
        }

        byte[] text = FileFailure.ReadSmall(shapeFile, LongestShape);
        long[] shape = ParseShape(text, shapeFile);
        if (Elements(shape) is not { } elements || elements > long.MaxValue / sizeof(float) || elements * sizeof(float) != memory.Length)
        {
            throw new GemmaException(
                "a dump's shape is not that of its values", file, expected: $"float32 of shape {Untrusted.Show(shape)}", found: $"{memory.Length} bytes");
        }

        string name = System.IO.Path.GetFileNameWithoutExtension(file);
        _tensors.Add(new ViewTensor(new TensorView(name, ElementType.F32, shape, memory, 0, memory.Length)));
    }

    /// <summary>Reads <c>[1, 2, 3]</c>.</summary>
    internal static long[] ParseShape(ReadOnlySpan<byte> text, string file)
    {
        string shown = Encoding.UTF8.GetString(text).Trim();
        string[] parts = shown is ['[', .., ']'] ? shown[1..^1].Split(',') : [];
        long[] shape = new long[parts is [var only] && string.IsNullOrWhiteSpace(only) ? 0 : parts.Length];
        bool isShape = shown is ['[', .., ']'];
        for (int i = 0; i < shape.Length && isShape; i++)
        {
            isShape = long.TryParse(parts[i].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out shape[i]);
        }

        return isShape ? shape : throw new GemmaException("a dump's shape cannot be read", file, expected: "as in [1, 1024, 3840]", found: Untrusted.Show(shown));
    }

    // Null: more than any file has.
    private static long? Elements(long[] shape)
    {
        if (shape.Contains(0))
        {
            return 0;
        }

        UInt128 product = 1;
        foreach (long dimension in shape)
        {
            product *= (ulong)dimension;
            if (product > long.MaxValue)
            {
                return null;
            }
        }

        return (long)product;
    }

    private static string[] WithExtension(string[] files, string extension) =>
        [.. files.Where(x => string.Equals(System.IO.Path.GetExtension(x), extension, StringComparison.Ordinal))];

    private static string ShapeFile(string dataFile) => System.IO.Path.ChangeExtension(dataFile, ShapeExtension);
}
