namespace ManagedGemma.Checkpoints.Synthetic;

/// <summary>
/// A small model in memory, made in milliseconds from a counter: enough to try every path of the library without a
/// download. Its weights are random, so what it says means nothing.
/// </summary>
public static class DemoCheckpoint
{
    /// <summary>What stands for a path in messages.</summary>
    internal const string Label = "built-in demo";

    /// <summary>Twelve layers of width 128: ten sliding ones with a window of 64 and two full ones.</summary>
    internal static SyntheticShape Shape { get; } = new()
    {
        HiddenSize = 128,
        LayerCount = 12,
        IntermediateSize = 256,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        HeadDim = 32,
        SlidingWindow = 64,
        VocabularySize = 320,
    };

    /// <summary>Makes the model. The caller disposes it, which frees its memory.</summary>
    public static GemmaCheckpoint Open() => Open(Shape, Label, "the built-in demo");

    /// <summary>Makes a model of other sizes.</summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="label">What stands for a path in messages.</param>
    /// <param name="description">What it is, for people.</param>
    internal static unsafe GemmaCheckpoint Open(SyntheticShape shape, string label, string description)
    {
        List<SyntheticTensor> tensors = SyntheticCheckpoint.Tensors(shape);
        TensorMemory memory = new(SafetensorsLayout.Create(tensors.Select(x => x.Spec), null).FileLength, label);
        try
        {
            using UnmanagedMemoryStream stream = new(memory.Pointer, memory.Length, memory.Length, FileAccess.Write);
            using SafetensorsWriter writer = SafetensorsWriter.Create(stream, tensors.Select(x => x.Spec));
            SyntheticCheckpoint.WriteTensors(writer, tensors, CancellationToken.None);
        }
        catch
        {
            memory.Dispose();
            throw;
        }

        SafetensorsFile file = SafetensorsFile.FromMemory(memory);
        GemmaConfig config = GemmaConfig.Parse(SyntheticCheckpoint.ConfigJson(shape), label);
        SafetensorsWeights weights = new(label, config.Quantization, [file], file.Tensors.ToDictionary(x => x.Name, StringComparer.Ordinal));
        return new GemmaCheckpoint(label, config, description, weights, tokenizerPath: null) { IsDemo = true };
    }
}
