using System.Buffers.Binary;
using System.Globalization;
using System.Numerics.Tensors;
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
        return Read(file, generator.Model, generator.Identity, generator.ContextLength);
    }

    /// <summary>Reads an open file. What is not in the file is not allocated: each layer's tensors are found and measured first.</summary>
    /// <param name="file">The file.</param>
    /// <param name="model">Whose layers it must have.</param>
    /// <param name="identity">Which checkpoint it must have been computed with.</param>
    /// <param name="contextLength">It must have fewer tokens.</param>
    /// <exception cref="GemmaException">As for <see cref="PromptPrefix.Load"/>.</exception>
    public static PromptPrefix Read(SafetensorsFile file, GemmaModel model, string identity, int contextLength)
    {
        Require(file, "format", Format, "the file is not a saved prefix");
        Require(file, "model", identity, "the prefix was computed with another checkpoint");
        string name = file.Header.Metadata.GetValueOrDefault("precision", "");
        Precision? precision = Enum.GetValues<Precision>().Where(x => x.ToString() == name).Cast<Precision?>().FirstOrDefault();
        if (precision is null)
        {
            throw new GemmaException("not a precision", file.Path, "precision", string.Join(", ", Enum.GetNames<Precision>()), Untrusted.Show(name));
        }

        int[] ids = ReadIds(file, model, contextLength);
        SequenceCache cache = model.NewSequence();
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
            return new PromptPrefix(cache, ids, precision.Value, identity);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    private static int[] ReadIds(SafetensorsFile file, GemmaModel model, int contextLength)
    {
        TensorView tensor = file.Tensor("token_ids");
        if (tensor.ElementType != ElementType.I32 || tensor.Shape.Count != 1 || tensor.Shape[0] < 1 || tensor.Shape[0] >= contextLength)
        {
            throw new GemmaException("not the tokens of a prefix", file.Path, "token_ids", $"I32 [1 to {contextLength - 1}]", tensor.ToString());
        }

        int[] ids = new int[tensor.Shape[0]];
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        for (int i = 0; i < ids.Length; i++)
        {
            tensor.CopyTo((long)i * sizeof(int), bytes);
            ids[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if ((uint)ids[i] >= (uint)model.VocabularySize)
            {
                throw new GemmaException(
                    "the embedding has no row for a token", file.Path, $"token_ids, token {i + 1}", $"an id below {model.VocabularySize}", $"{ids[i]}");
            }
        }

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
        if (!TensorPrimitives.IsFiniteAll<float>(values))
        {
            throw new GemmaException("not finite", tensor.File, $"{tensor.Name}, row {row + 1}", "numbers");
        }
    }

    private static void Require(SafetensorsFile file, string key, string expected, string problem)
    {
        string found = file.Header.Metadata.GetValueOrDefault(key, "");
        if (found != expected)
        {
            throw new GemmaException(problem, file.Path, key, expected, found.Length == 0 ? "none" : Untrusted.Show(found));
        }
    }

    private static string Name(int layer, string what) => string.Create(CultureInfo.InvariantCulture, $"layers.{layer}.{what}");
}
