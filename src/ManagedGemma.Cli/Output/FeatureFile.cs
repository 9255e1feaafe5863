using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Output;

/// <summary>
/// The file that <c>encode</c> makes, written row by row: <c>hidden_states</c> [layers + 1, T, D] while they are computed, if
/// wanted; then <c>features</c> [1, T, D · (layers + 1)], <c>attention_mask</c> and <c>token_ids</c> [1, T]. It appears whole at
/// <see cref="Complete"/> or not at all.
/// </summary>
internal sealed class FeatureFile : IDisposable
{
    // From here on half precision rounds to infinity: 65504 plus half a unit in the last place.
    private const float HalfOverflow = 65520;

    private const string TokenIds = "token_ids";

    private readonly SafetensorsWriter _writer;
    private readonly float _limit;

    private FeatureFile(SafetensorsWriter writer, FeatureFileShape shape)
    {
        _writer = writer;
        _limit = shape.ElementType == ElementType.F16 ? HalfOverflow : float.PositiveInfinity;
        HiddenStates = shape.HasHiddenStates ? new HiddenStateRows(this, shape.Length) : null;
    }

    /// <summary>Takes the hidden states while the model runs; null when they are not wanted.</summary>
    public HiddenStateRows? HiddenStates { get; }

    /// <summary>Bytes of the finished file.</summary>
    public long ByteLength => _writer.FileLength;

    /// <summary>Rows with a value that the element type holds only as infinity.</summary>
    public int OverflowedRows { get; private set; }

    /// <summary>Rows with a value that was no finite number to begin with.</summary>
    public int NonFiniteRows { get; private set; }

    /// <summary>Whether a file is what these tokens gave with the same settings: all but the values themselves is compared.</summary>
    /// <param name="path">Any file.</param>
    /// <param name="shape">The sizes that it should have.</param>
    /// <param name="metadata">What it should say of itself.</param>
    /// <param name="ids">The prompt's tokens, without padding.</param>
    public static bool IsOf(string path, FeatureFileShape shape, IReadOnlyDictionary<string, string> metadata, IReadOnlyList<int> ids)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            List<SafetensorsSpec> tensors = Tensors(shape);
            return file.Tensors.Count == tensors.Count
                && tensors.Zip(file.Tensors).All(x =>
                    x.First.Name == x.Second.Name && x.First.ElementType == x.Second.ElementType && x.First.Shape.SequenceEqual(x.Second.Shape))
                && file.Header.Metadata.Count == metadata.Count
                && metadata.All(x => file.Header.Metadata.TryGetValue(x.Key, out string? value) && value == x.Value)
                && HasIds(file.Tensor(TokenIds), ids);
        }
        catch (GemmaException)
        {
            return false;
        }
    }

    /// <summary>Begins the file, so that an output that cannot be written is found before anything is computed.</summary>
    /// <exception cref="GemmaException">The file cannot be written.</exception>
    public static FeatureFile Create(string path, FeatureFileShape shape, IReadOnlyDictionary<string, string> metadata)
    {
        return new FeatureFile(SafetensorsWriter.Create(path, Tensors(shape), metadata), shape);
    }

    /// <summary>Writes the features, then mask and ids, and ends the file.</summary>
    /// <exception cref="GemmaException">The disk is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the file is deleted by <see cref="Dispose"/>.</exception>
    public void Complete(PromptFeatures features, CancellationToken cancellation)
    {
        Begin("features");
        float[] row = new float[features.Width];
        for (int i = 0; i < features.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            features.CopyRow(i, row);
            WriteRow(row);
        }

        WriteIntegers("attention_mask", features.AttentionMask());
        WriteIntegers(TokenIds, features.TokenIds());
        cancellation.ThrowIfCancellationRequested();
        _writer.Complete();
    }

    /// <summary>Deletes what was written unless it is complete.</summary>
    public void Dispose() => _writer.Dispose();

    /// <summary>Begins a tensor.</summary>
    internal void Begin(string name) => _writer.Begin(name);

    /// <summary>Writes values in the file's element type.</summary>
    internal void WriteRow(ReadOnlySpan<float> row)
    {
        // NaN if there is one.
        float largest = Math.Abs(TensorPrimitives.MaxMagnitude(row));
        if (!float.IsFinite(largest))
        {
            NonFiniteRows++;
        }
        else if (largest >= _limit)
        {
            OverflowedRows++;
        }

        _writer.Write(row);
    }

    private static List<SafetensorsSpec> Tensors(FeatureFileShape shape)
    {
        int states = shape.LayerCount + 1;
        List<SafetensorsSpec> tensors = [];
        if (shape.HasHiddenStates)
        {
            tensors.Add(new SafetensorsSpec("hidden_states", shape.ElementType, states, shape.Length, shape.HiddenSize));
        }

        tensors.Add(new SafetensorsSpec("features", shape.ElementType, 1, shape.Length, (long)shape.HiddenSize * states));
        tensors.Add(new SafetensorsSpec("attention_mask", ElementType.I64, 1, shape.Length));
        tensors.Add(new SafetensorsSpec(TokenIds, ElementType.I64, 1, shape.Length));
        return tensors;
    }

    // The last ones of [1, T]; those before are padding.
    private static bool HasIds(TensorView tensor, IReadOnlyList<int> ids)
    {
        byte[] bytes = new byte[ids.Count * sizeof(long)];
        tensor.CopyTo(tensor.ByteLength - bytes.Length, bytes);
        return Enumerable.Range(0, ids.Count).All(i => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(i * sizeof(long))) == ids[i]);
    }

    private void WriteIntegers(string name, int[] values)
    {
        _writer.Begin(name);
        long[] wide = Array.ConvertAll(values, x => (long)x);
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(wide, wide);
        }

        _writer.Write(MemoryMarshal.AsBytes<long>(wide));
    }
}
