using System.Numerics.Tensors;
using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Memory;
using ManagedGemma.Model;
using ManagedGemma.Threading;

namespace ManagedGemma.Conversion;

/// <summary>
/// Writes modules one by one: codes a few megabytes at a time as the team makes them, scales and biases from memory after them. Its
/// memory is two scales for each group of the largest matrix, and one piece of codes.
/// </summary>
internal sealed unsafe class ModuleWriter : IDisposable
{
    private const int WriteBytes = 1 << 20;

    // Rows of a dense matrix after which their pages are given back.
    private const int DenseRows = 1024;

    private readonly GemmaCheckpoint _source;
    private readonly ShardedSafetensorsWriter _writer;
    private readonly WorkerTeam _team;
    private readonly KernelTable _kernels = KernelTable.ForMachine();
    private readonly int _pieceBytes;
    private readonly Action<string, long> _written;
    private NativeBuffer _words = NativeBuffer.Empty;
    private NativeBuffer _scales = NativeBuffer.Empty;
    private NativeBuffer _biases = NativeBuffer.Empty;

    /// <summary>Prepares.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="writer">Takes the tensors.</param>
    /// <param name="team">Computes.</param>
    /// <param name="pieceBytes">Bytes of codes that are made before they are written; a row is the least.</param>
    /// <param name="written">Told a module and how many more bytes of it are written.</param>
    public ModuleWriter(GemmaCheckpoint source, ShardedSafetensorsWriter writer, WorkerTeam team, int pieceBytes, Action<string, long> written)
    {
        _source = source;
        _writer = writer;
        _team = team;
        _pieceBytes = pieceBytes;
        _written = written;
    }

    /// <summary>Writes a module.</summary>
    /// <exception cref="GemmaException">A weight is not finite, or becomes so in the type asked for; or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Write(PlannedModule module, CancellationToken cancellation)
    {
        switch (module)
        {
            case { Source: null }:
                _writer.Begin(module.Path + ".weight");
                WriteDense(module, 0, Norm(module));
                break;
            case { Source: { } matrix, Scheme: { } scheme }:
                WriteQuantised(module, matrix, scheme, cancellation);
                break;
            case { Source: { } matrix }:
                WriteDenseMatrix(module, matrix, cancellation);
                break;
        }
    }

    public void Dispose()
    {
        _words.Dispose();
        _scales.Dispose();
        _biases.Dispose();
    }

    private static void Reserve(ref NativeBuffer buffer, long bytes)
    {
        if (buffer.ByteLength < (nuint)bytes)
        {
            buffer.Dispose();
            buffer = new NativeBuffer((nuint)bytes);
        }
    }

    /// <summary>A norm's weights as MLX stores them, without Gemma's 1.</summary>
    private float[] Norm(PlannedModule module)
    {
        float[] values = _source.Vector(module.Norm, module.Columns);
        if (_source.NormsHoldOne)
        {
            TensorPrimitives.Subtract(values, 1, values);
        }

        return values;
    }

    private void WriteDenseMatrix(PlannedModule module, WeightMatrix matrix, CancellationToken cancellation)
    {
        WeightRows rows = new(matrix, _kernels);
        float[] row = new float[module.Columns];
        _writer.Begin(module.Path + ".weight");
        for (long first = 0; first < matrix.Rows; first += DenseRows)
        {
            long count = Math.Min(DenseRows, matrix.Rows - first);
            for (long i = first; i < first + count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                rows.Read(i, 0, row);
                WriteDense(module, i, row);
            }

            GiveBack(matrix, first, count);
        }
    }

    // The source is read once, so its pages stay neither in this process nor in the system's cache.
    private static void GiveBack(WeightMatrix matrix, long first, long count)
    {
        foreach (FileRange range in matrix.Ranges(first, count))
        {
            range.Release();
        }
    }

    private void WriteDense(PlannedModule module, long row, float[] values)
    {
        ElementConversion.Round(values, module.Type);
        if (!TensorPrimitives.IsFiniteAll<float>(values))
        {
            throw Refusal(module, row);
        }

        _writer.Write(values);
        _written(module.Path, values.Length * module.Type.ByteSize());
    }

    private void WriteQuantised(PlannedModule module, WeightMatrix matrix, QuantizationScheme scheme, CancellationToken cancellation)
    {
        IRowQuantizer quantizer = RowQuantizer.For(scheme, module.Type);
        WeightRows rows = new(matrix, _kernels);
        int wordBytes = checked((int)((long)module.Columns * scheme.Bits / 8));
        int scaleBytes = module.Columns / scheme.GroupSize * quantizer.ScaleBytes;
        int piece = (int)Math.Clamp(_pieceBytes / wordBytes, 1, matrix.Rows);
        Reserve(ref _words, (long)piece * wordBytes);
        Reserve(ref _scales, checked(matrix.Rows * scaleBytes));
        Reserve(ref _biases, quantizer.HasBiases ? matrix.Rows * scaleBytes : 0);
        _writer.Begin(module.Path + ".weight");
        for (long first = 0; first < matrix.Rows; first += piece)
        {
            PackRowsJob job = new()
            {
                Rows = rows,
                Quantizer = quantizer,
                Type = module.Type,
                Columns = module.Columns,
                First = first,
                Count = (int)Math.Min(piece, matrix.Rows - first),
                Words = _words.Pointer,
                WordBytes = wordBytes,
                Scales = _scales.Pointer + (first * scaleBytes),
                Biases = quantizer.HasBiases ? _biases.Pointer + (first * scaleBytes) : null,
                ScaleBytes = scaleBytes,
                Refused = new FirstRow(),
            };
            _team.Run(ref job, job.TaskCount, cancellation);
            if (job.Refused.Row is { } bad)
            {
                throw Refusal(module, bad);
            }

            WriteBytesOf(module, _words.Pointer, (long)job.Count * wordBytes, cancellation);
            GiveBack(matrix, first, job.Count);
        }

        _writer.Begin(module.Path + ".scales");
        WriteBytesOf(module, _scales.Pointer, matrix.Rows * scaleBytes, cancellation);
        if (quantizer.HasBiases)
        {
            _writer.Begin(module.Path + ".biases");
            WriteBytesOf(module, _biases.Pointer, matrix.Rows * scaleBytes, cancellation);
        }
    }

    private void WriteBytesOf(PlannedModule module, byte* bytes, long count, CancellationToken cancellation)
    {
        for (long at = 0; at < count; at += WriteBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            int length = (int)Math.Min(WriteBytes, count - at);
            _writer.Write(new ReadOnlySpan<byte>(bytes + at, length));
            _written(module.Path, length);
        }
    }

    /// <summary>Says what is wrong with a row.</summary>
    private GemmaException Refusal(PlannedModule module, long row)
    {
        float[] values = new float[module.Columns];
        if (module.Source is { } matrix)
        {
            new WeightRows(matrix, _kernels).Read(row, 0, values);
        }
        else
        {
            values = Norm(module);
        }

        int column = Array.FindIndex(values, x => !float.IsFinite(x));
        string problem = "has a value that is not a finite number";
        if (column < 0)
        {
            column = Array.FindIndex(values, x => !float.IsFinite(ElementConversion.Round(x, module.Type)));
            problem = $"has a value that {module.Type} cannot hold";
        }

        if (column < 0)
        {
            column = 0;
            problem = "has values so far apart that no scale spans them";
        }

        (string file, string name) = module.Source is { } source
            ? (source.Weight.File, source.Weight.Name)
            : _source.Tensors.Where(x => _source.ModuleOf(x) == module.Norm).Select(x => (x.File, x.Name)).First();
        return new GemmaException(
            module.Source is null ? $"{problem}, at {column}" : $"{problem}, in row {row}, column {column}", file, Untrusted.Show(name), found: $"{values[column]:R}");
    }
}
