using ManagedGemma.Checkpoints;
using ManagedGemma.Threading;

namespace ManagedGemma.Conversion;

/// <summary>
/// Makes a quantised checkpoint in MLX's layout, the one that mlx-lm makes: the same words, scales and biases bit for bit (as MLX on the
/// CPU), names, files, index and config keys. Norms stay as they are, and so do matrices whose width the group does not divide; the
/// embedding is quantised. What the decoder does not read (a vision tower) is left out, as mlx-lm does. The destination appears whole at
/// the end of <see cref="Run"/> or not at all.
/// </summary>
public sealed class CheckpointQuantizer : IDisposable
{
    private const string ConfigName = "config.json";

    private readonly GemmaCheckpoint _source;
    private readonly QuantizerOptions _options;
    private readonly QuantizationPlan _plan;
    private readonly CompanionFiles _companions;
    private readonly byte[] _config;
    private readonly string _destination;
    private readonly string _target;
    private AtomicDirectory? _directory;
    private bool _disposed;

    private CheckpointQuantizer(GemmaCheckpoint source, string destination, QuantizationScheme scheme, QuantizerOptions options)
    {
        _source = source;
        _destination = destination;
        _options = options;
        _target = AtomicDirectory.Check(destination, options.Overwrite);
        string? directory = source.IsDemo ? null : Path.GetDirectoryName(Path.GetFullPath(source.Files[0]));
        RefuseSource(directory);
        // As mlx-lm names modules: the text model is a part of the multimodal one, whatever prefix the source has.
        string root = source.ConfigPath is not null && source.Config.ModelType == "gemma3" ? "language_model." : string.Empty;
        _plan = new QuantizationPlan(source, root, scheme, options);
        _companions = new CompanionFiles(directory);
        byte[] json = source.ConfigPath is { } config
            ? FileFailure.ReadSmall(config, GemmaConfig.LongestFile)
            : TextConfig.Write(source.Config, _plan.Modules[0].Source!.Rows, source.Location);
        _config = MlxConfig.From(json, scheme);
    }

    /// <summary>Bytes of the decoder's tensors in the source.</summary>
    public long SourceBytes => _plan.SourceBytes;

    /// <summary>Bytes of tensors in the output.</summary>
    public long OutputBytes => _plan.Shards.TensorBytes;

    /// <summary>Weights of the decoder.</summary>
    public long Parameters => _plan.Parameters;

    /// <summary>Weight files of the output.</summary>
    public int FileCount => _plan.Shards.Count;

    /// <summary>Paths in the output of matrices that stay dense, because the group does not divide their width.</summary>
    public IReadOnlyList<string> DenseModules => _plan.DenseModules;

    /// <summary>Names of files that are copied from beside the source's weights: the tokenizer's, the defaults of generation.</summary>
    public IReadOnlyList<string> CopiedFiles => _companions.Found;

    /// <summary>Threads that compute.</summary>
    public int Threads => _options.Threads ?? Environment.ProcessorCount;

    /// <summary>Looks at source and destination and plans; nothing is written yet.</summary>
    /// <param name="source">The checkpoint, dense; stays the caller's and must outlive the quantizer.</param>
    /// <param name="destination">The directory to make; an empty one is taken, a full one only with <see cref="QuantizerOptions.Overwrite"/>.</param>
    /// <param name="scheme">How matrices are quantised.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="GemmaException">
    /// The source is not complete, or is quantised already; the destination cannot be written, or has no room.
    /// </exception>
    /// <exception cref="ArgumentException">MLX has no such scheme, or an option is out of range.</exception>
    public static CheckpointQuantizer Create(
        GemmaCheckpoint source, string destination, QuantizationScheme scheme, QuantizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(scheme);
        options ??= new QuantizerOptions();
        if (!scheme.IsSupported)
        {
            throw new ArgumentException($"MLX has no scheme of {scheme}.", nameof(scheme));
        }

        if (options.ElementType is { } type && !type.IsWeightFloat())
        {
            throw new ArgumentException("Weights are BF16, F16 or F32.", nameof(options));
        }

        if (options.Threads is { } threads)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1, nameof(options));
        }

        CheckpointQuantizer quantizer = new(source, destination, scheme, options);
        quantizer.RequireRoom();
        return quantizer;
    }

    /// <summary>Quantises and writes. May be called once.</summary>
    /// <param name="progress">Told every few megabytes, on the calling thread.</param>
    /// <param name="cancellationToken">Stops within a fraction of a second; nothing is left.</param>
    /// <exception cref="GemmaException">A weight is not a finite number (the tensor is named), or the disk is full; nothing is left.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left.</exception>
    public void Run(IProgress<QuantizationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_directory is not null)
        {
            throw new InvalidOperationException("A quantizer runs once.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        _directory = AtomicDirectory.Create(_destination, _options.Overwrite);
        try
        {
            WriteTensors(_directory, progress, cancellationToken);
            _companions.CopyTo(_directory, cancellationToken);
            _directory.Begin(ConfigName, _config.Length).Write(_config);
            cancellationToken.ThrowIfCancellationRequested();
            _directory.Commit();
        }
        finally
        {
            _directory.Dispose();
        }
    }

    /// <summary>Deletes what was written unless it is complete. May be called while <see cref="Run"/> is under way, which then fails.</summary>
    public void Dispose()
    {
        _disposed = true;
        _directory?.Dispose();
    }

    /// <summary>Replacing the directory that is being read would end the process.</summary>
    private void RefuseSource(string? directory)
    {
        if (directory is not null && Directory.Exists(_target) && RealPath.AreSame(directory, _target))
        {
            throw new GemmaException("the destination is the source's own directory", _destination);
        }
    }

    private void RequireRoom()
    {
        long wanted = checked(_plan.Shards.FileBytes + _companions.ByteLength + _config.Length);
        long room;
        try
        {
            room = new DriveInfo(Path.GetDirectoryName(_target)!).AvailableFreeSpace;
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            // The system does not tell; each file takes its room when it is begun.
            return;
        }

        if (room < wanted)
        {
            throw new GemmaException("the disk has too little room", _destination, expected: $"{wanted} bytes", found: $"{room}");
        }
    }

    private void WriteTensors(AtomicDirectory directory, IProgress<QuantizationProgress>? progress, CancellationToken cancellation)
    {
        long done = 0;
        void Written(string module, long bytes)
        {
            done += bytes;
            progress?.Report(new QuantizationProgress(module, done, OutputBytes));
        }

        ShardedSafetensorsWriter writer = new(directory, _plan.Shards);
        using WorkerTeam team = new(Threads);
        using ModuleWriter modules = new(_source, writer, team, _options.PieceBytes, Written);
        foreach (PlannedModule module in _plan.Modules)
        {
            cancellation.ThrowIfCancellationRequested();

            // A source that was cut short meanwhile must not be read: that would end the process.
            _source.CheckLengths();
            modules.Write(module, cancellation);
        }

        writer.Complete();
    }
}
