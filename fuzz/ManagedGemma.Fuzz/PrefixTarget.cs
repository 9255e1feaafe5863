using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Generation;
using ManagedGemma.Model;

namespace ManagedGemma.Fuzz;

/// <summary>A saved prefix. What loads must be what the file holds, and whatever comes must not cost more memory than the file is long.</summary>
internal sealed class PrefixTarget : IFuzzTarget
{
    /// <summary>What the corpus's files say they were computed with.</summary>
    public const string Identity = "fuzz";

    /// <summary>The target's model has room for so many tokens.</summary>
    public const int ContextLength = 128;

    // Names, shapes and messages, whatever the file's length; and for each of its bytes what the header's parser makes of it.
    private const long FixedBytes = 1 << 20;
    private const long BytesPerByte = 100;

    // One key head of 8, windows of 4 (and a full layer, the sixth): files stay small.
    private static readonly SyntheticShape Shape = new()
    {
        HiddenSize = 64,
        LayerCount = 6,
        IntermediateSize = 64,
        HeadCount = 8,
        KeyValueHeadCount = 1,
        HeadDim = 8,
        SlidingWindow = 4,
        VocabularySize = 64,
    };

    private readonly Lazy<GemmaModel> _model = new(
        () => new GemmaModel(DemoCheckpoint.Open(Shape, "fuzz", "a model for the fuzzer"), new GemmaModelOptions { Threads = 1 }));

    /// <inheritdoc/>
    public string Name => "prefix";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        GemmaModel model = _model.Value;
        long before = GC.GetAllocatedBytesForCurrentThread();
        using PromptPrefix? prefix = Read(input, model, out SafetensorsFile? file);
        Invariant.Holds(
            GC.GetAllocatedBytesForCurrentThread() - before <= FixedBytes + (BytesPerByte * input.Length), "memory is in proportion to the file");
        using (file)
        {
            if (prefix is not null && file is not null)
            {
                Check(prefix, file, model);
            }
        }
    }

    /// <summary>Whether a file loads.</summary>
    public bool Loads(ReadOnlySpan<byte> input)
    {
        using PromptPrefix? prefix = Read(input, _model.Value, out SafetensorsFile? file);
        file?.Dispose();
        return prefix is not null;
    }

    private static unsafe PromptPrefix? Read(ReadOnlySpan<byte> input, GemmaModel model, out SafetensorsFile? file)
    {
        file = null;
        TensorMemory memory = new(input.Length, "prefix");
        input.CopyTo(new Span<byte>(memory.Pointer, input.Length));
        try
        {
            file = SafetensorsFile.FromMemory(memory);
            return PrefixFile.Read(file, model, Identity, ContextLength);
        }
        catch (GemmaException)
        {
            return null;
        }
    }

    private static void Check(PromptPrefix prefix, SafetensorsFile file, GemmaModel model)
    {
        int count = prefix.TokenIds.Count;
        Invariant.Holds(count is > 0 and < ContextLength, "there are tokens, and room behind them");
        Invariant.Holds(prefix.TokenIds.All(id => id >= 0 && id < model.VocabularySize), "tokens have rows");
        AttentionShape shape = new(model.Config);
        long page = KeyValues.TokenBytes(shape) * KeyValues.PageTokens;
        Invariant.Holds(prefix.ByteLength <= file.Length + (model.Config.LayerCount * page), "keys and values take what the file has, in whole pages");
        using SequenceCache? cache = prefix.Fork([.. prefix.TokenIds, 0]);
        Invariant.Holds(cache is not null && cache.Length == count, "text can follow");
        float[] row = new float[shape.KeySize];
        for (int layer = 0; layer < cache!.Layers.Length; layer++)
        {
            KeyValues kept = cache.Layers[layer];
            int first = kept.FirstKept(count);
            for (int position = first; position < count; position++)
            {
                kept.ReadKey(position, row);
                Invariant.Holds(IsRow(file.Tensor($"layers.{layer}.keys"), position - first, row), "keys are the file's");
                kept.ReadValue(position, row);
                Invariant.Holds(IsRow(file.Tensor($"layers.{layer}.values"), position - first, row), "values are the file's");
            }
        }
    }

    private static bool IsRow(TensorView tensor, int index, float[] row)
    {
        Span<byte> bytes = stackalloc byte[row.Length * sizeof(float)];
        tensor.CopyTo((long)index * bytes.Length, bytes);
        return bytes.SequenceEqual(MemoryMarshal.AsBytes(row.AsSpan()));
    }
}
