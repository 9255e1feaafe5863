using System.Globalization;
using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Model;

namespace ManagedGemma.Conditioning;

/// <summary>
/// A sink that writes car-inference's parity dumps: for each state NAME.bin, raw little-endian float32, and NAME.meta with the
/// shape <c>[1, T, D]</c>. Names: <c>hidden_000_embed</c>, <c>hidden_001_block00</c>, …, <c>hidden_final_norm</c>; and
/// <c>gemma_hidden_final</c>, the last of the profile's states, among the stage dumps.
/// </summary>
public sealed class DumpSink : IHiddenStateSink
{
    /// <summary>The environment variable that names the directory for hidden states.</summary>
    public const string HiddenVariable = "CAR_DUMP_GEMMA_HIDDEN";

    /// <summary>The environment variable that names the directory for stages.</summary>
    public const string StageVariable = "CAR_DUMP_LTX_STAGE";

    private readonly string? _hiddenDirectory;
    private readonly string? _stageDirectory;
    private readonly int _length;
    private HiddenStateShape _shape;

    /// <summary>Dumps into directories, which are created.</summary>
    /// <param name="hiddenDirectory">For all states; null: none.</param>
    /// <param name="stageDirectory">For the stages; null: none.</param>
    /// <param name="length">T: rows of a dump; those before the prompt's own are zero.</param>
    public DumpSink(string? hiddenDirectory, string? stageDirectory, int length)
    {
        _hiddenDirectory = hiddenDirectory;
        _stageDirectory = stageDirectory;
        _length = length;
    }

    /// <summary>The sink that the environment asks for; null when it asks for none.</summary>
    public static DumpSink? FromEnvironment(int length)
    {
        string? hidden = NullIfEmpty(Environment.GetEnvironmentVariable(HiddenVariable));
        string? stage = NullIfEmpty(Environment.GetEnvironmentVariable(StageVariable));
        return hidden is null && stage is null ? null : new DumpSink(hidden, stage, length);
    }

    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape) => _shape = shape;

    /// <inheritdoc/>
    public void Accept(in HiddenState state)
    {
        if (_hiddenDirectory is not null)
        {
            string name = state.Stage switch
            {
                HiddenStateStage.Embedding => "hidden_000_embed",
                HiddenStateStage.Block => string.Create(CultureInfo.InvariantCulture, $"hidden_{state.Block + 1:000}_block{state.Block:00}"),
                _ => "hidden_final_norm",
            };
            Write(_hiddenDirectory, name, state.Values, _shape.HiddenSize);
        }

        if (_stageDirectory is not null && state.Index == _shape.States - 1)
        {
            Write(_stageDirectory, "gemma_hidden_final", state.Values, _shape.HiddenSize);
        }
    }

    /// <summary>Writes the stage <c>gemma_stacked</c>: the features.</summary>
    /// <param name="features">A sink that has taken all states.</param>
    /// <param name="cancellation">Looked at before every row.</param>
    public void WriteFeatures(FeatureSink features, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (_stageDirectory is null)
        {
            return;
        }

        float[] row = new float[features.Width];
        Write(_stageDirectory, "gemma_stacked", features.Width, stream =>
        {
            for (int token = 0; token < features.Shape.Tokens; token++)
            {
                cancellation.ThrowIfCancellationRequested();
                features.CopyRow(token, row);
                stream.Write(MemoryMarshal.AsBytes<float>(row));
            }
        });
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private unsafe void Write(string directory, string name, ReadOnlySpan<float> values, int width)
    {
        fixed (float* start = values)
        {
            byte* bytes = (byte*)start;
            int count = checked(values.Length * sizeof(float));
            Write(directory, name, width, stream => stream.Write(new ReadOnlySpan<byte>(bytes, count)));
        }
    }

    private void Write(string directory, string name, int width, Action<Stream> writeRows)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GemmaException("the directory for dumps cannot be created", directory, innerException: exception);
        }

        using AtomicFile data = AtomicFile.Create(Path.Combine(directory, name + ".bin"));
        byte[] zeroRow = new byte[width * sizeof(float)];
        for (int pad = _shape.Tokens; pad < _length; pad++)
        {
            data.Stream.Write(zeroRow);
        }

        writeRows(data.Stream);
        data.Commit();
        using AtomicFile meta = AtomicFile.Create(Path.Combine(directory, name + ".meta"));
        meta.Stream.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"[1, {_length}, {width}]\n")));
        meta.Commit();
    }
}
