using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Model;

namespace ManagedGemma.Generation;

/// <summary>
/// A prefix as a safetensors file: <c>token_ids</c> as I32, and for each layer <c>layers.N.keys</c> and <c>layers.N.values</c> as F32,
/// [tokens kept, key size], head beside head: all tokens in full layers, the last ones (from a multiple of 32 on) in those with a window.
/// The header says which checkpoint and precision it belongs to.
/// </summary>
internal static unsafe class PrefixFile
{
    private const string Format = "managed-gemma prefix 1";

    public static void Write(string path, PromptPrefix prefix, SequenceCache cache)
    {
        AttentionShape shape = cache.Shape;
        List<SafetensorsSpec> tensors = [new("token_ids", ElementType.I32, prefix.TokenIds.Count)];
        for (int layer = 0; layer < cache.Layers.Length; layer++)
        {
            int count = cache.Length - cache.Layers[layer].FirstKept(cache.Length);
            tensors.Add(new(Name(layer, "keys"), ElementType.F32, count, shape.KeySize));
            tensors.Add(new(Name(layer, "values"), ElementType.F32, count, shape.KeySize));
        }

        using SafetensorsWriter writer = SafetensorsWriter.Create(path, tensors, new Dictionary<string, string>
        {
            ["format"] = Format,
            ["model"] = prefix.ModelIdentity,
            ["precision"] = prefix.Precision.ToString(),
        });
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        writer.Begin("token_ids");
        foreach (int id in prefix.TokenIds)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, id);
            writer.Write(bytes);
        }

        float[] row = new float[shape.KeySize];
        for (int layer = 0; layer < cache.Layers.Length; layer++)
        {
            KeyValues kept = cache.Layers[layer];
            int first = kept.FirstKept(cache.Length);
            writer.Begin(Name(layer, "keys"));
            for (int position = first; position < cache.Length; position++)
            {
                kept.ReadKey(position, row);
                writer.Write(row);
            }

            writer.Begin(Name(layer, "values"));
            for (int position = first; position < cache.Length; position++)
            {
                kept.ReadValue(position, row);
                writer.Write(row);
            }
        }

        writer.Complete();
    }

    public static PromptPrefix Read(string path, GemmaTextGenerator generator)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Require(path, file, "format", Format, "the file is not a saved prefix");
        Require(path, file, "model", generator.Identity, "the prefix was computed with another checkpoint");
        string name = file.Header.Metadata.GetValueOrDefault("precision", "");
        Precision? precision = Enum.GetValues<Precision>().Where(x => x.ToString() == name).Cast<Precision?>().FirstOrDefault();
        if (precision is null)
        {
            throw new GemmaException("not a precision", path, "precision", string.Join(", ", Enum.GetNames<Precision>()), Untrusted.Show(name));
        }

        int[] ids = ReadIds(path, file, generator);
        SequenceCache cache = generator.Model.NewSequence();
        try
        {
            float[] row = new float[cache.Shape.KeySize];
            for (int layer = 0; layer < cache.Layers.Length; layer++)
            {
                KeyValues kept = cache.Layers[layer];
                int first = kept.FirstKept(ids.Length), count = ids.Length - first;
                TensorView keys = Tensor(file, Name(layer, "keys"), ElementType.F32, count, cache.Shape.KeySize);
                TensorView values = Tensor(file, Name(layer, "values"), ElementType.F32, count, cache.Shape.KeySize);
                kept.BeginAt(first);
                kept.Reserve(ids.Length, ids.Length);
                for (int i = 0; i < count; i++)
                {
                    Read(keys, i, row);
                    kept.WriteKey(first + i, row);
                    Read(values, i, row);
                    kept.WriteValue(first + i, row);
                }
            }

            cache.Length = ids.Length;
            return new PromptPrefix(cache, ids, precision.Value, generator.Identity);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    private static int[] ReadIds(string path, SafetensorsFile file, GemmaTextGenerator generator)
    {
        TensorView tensor = file.Tensor("token_ids");
        if (tensor.ElementType != ElementType.I32 || tensor.Shape.Count != 1 || tensor.Shape[0] < 1 || tensor.Shape[0] >= generator.ContextLength)
        {
            throw new GemmaException("not the tokens of a prefix", path, "token_ids", $"I32 [1 to {generator.ContextLength - 1}]", tensor.ToString());
        }

        int[] ids = new int[tensor.Shape[0]];
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        for (int i = 0; i < ids.Length; i++)
        {
            tensor.CopyTo((long)i * sizeof(int), bytes);
            ids[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        }

        generator.Model.Validate(ids);
        return ids;
    }

    private static TensorView Tensor(SafetensorsFile file, string name, ElementType type, params long[] shape)
    {
        TensorView tensor = file.Tensor(name);
        return tensor.ElementType == type && tensor.Shape.SequenceEqual(shape)
            ? tensor
            : throw new GemmaException("not of the expected type and shape", file.Path, name, $"{type} {Untrusted.Show(shape)}", $"{tensor.TypeName} {Untrusted.Show(tensor.Shape)}");
    }

    private static void Read(TensorView tensor, int row, float[] values)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan());
        tensor.CopyTo((long)row * bytes.Length, bytes);
        ElementConversion.ToSingles(bytes, ElementType.F32, values);
    }

    private static void Require(string path, SafetensorsFile file, string key, string expected, string problem)
    {
        string found = file.Header.Metadata.GetValueOrDefault(key, "");
        if (found != expected)
        {
            throw new GemmaException(problem, path, key, expected, found.Length == 0 ? "none" : Untrusted.Show(found));
        }
    }

    private static string Name(int layer, string what) => string.Create(CultureInfo.InvariantCulture, $"layers.{layer}.{what}");
}
