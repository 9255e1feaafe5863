namespace ManagedGemma.Checkpoints;

/// <summary>
/// A Gemma 3 checkpoint: config.json and mapped weights, handed out module by module after validation. Nothing is
/// copied; what it hands out is valid until it is disposed. Tensors that the decoder does not need (a vision tower, a
/// tokenizer model) are left alone. Reading from several threads is safe.
/// </summary>
public sealed class GemmaCheckpoint : IDisposable
{
    private const string EmbeddingName = "embed_tokens.weight";

    // The order matters: the first is the MLX layout, the last the text-only one.
    private static readonly string[] Prefixes = ["language_model.model.", "model.language_model.", "model."];

    private readonly List<SafetensorsFile> _files;
    private readonly Dictionary<string, TensorView> _tensors;

    internal GemmaCheckpoint(
        string location, GemmaConfig config, List<SafetensorsFile> files, Dictionary<string, TensorView> tensors, string? tokenizerPath, bool isDemo)
    {
        Location = location;
        Config = config;
        _files = files;
        _tensors = tensors;
        TokenizerPath = tokenizerPath;
        IsDemo = isDemo;
        Prefix = Array.Find(Prefixes, x => tensors.ContainsKey(x + EmbeddingName))
            ?? throw new GemmaException(
                "missing tensor (the embedding)", files is [SafetensorsFile only] ? only.Path : location, Prefixes[^1] + EmbeddingName);
        TotalBytes = tensors.Values.Sum(x => x.ByteLength);
        Files = [.. files.Select(x => x.Path)];
    }

    /// <summary>The directory or file as it was given to <see cref="Open"/>.</summary>
    public string Location { get; }

    /// <summary>What config.json says.</summary>
    public GemmaConfig Config { get; }

    /// <summary>What goes before a decoder module's name in the file, for instance <c>language_model.model.</c>.</summary>
    public string Prefix { get; }

    /// <summary>Every tensor of the checkpoint, those that the decoder ignores included.</summary>
    public IReadOnlyCollection<TensorView> Tensors => _tensors.Values;

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes { get; }

    /// <summary>The weight files' paths.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Whether this is the built-in demonstration model, which is no language model.</summary>
    public bool IsDemo { get; }

    /// <summary>The tokenizer.json beside the weights; null when there is none.</summary>
    public string? TokenizerPath { get; }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">A directory with config.json and weights, or one *.safetensors file with config.json beside it.</param>
    /// <exception cref="GemmaException">Something is missing or not what it should be; the message says what and where.</exception>
    public static GemmaCheckpoint Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        bool isFile = File.Exists(path);
        if (!isFile && !Directory.Exists(path))
        {
            throw new GemmaException("the directory does not exist", path);
        }

        string directory = isFile ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        string configPath = Path.Combine(directory, "config.json");
        if (!File.Exists(configPath))
        {
            throw new GemmaException("no config.json", directory);
        }

        GemmaConfig config = GemmaConfig.Load(configPath);
        string tokenizer = Path.Combine(directory, "tokenizer.json");
        Dictionary<string, TensorView> tensors = new(StringComparer.Ordinal);
        List<SafetensorsFile> files = [];
        try
        {
            if (isFile)
            {
                CheckpointFiles.OpenSingle(path, files, tensors);
            }
            else
            {
                files = CheckpointFiles.Open(directory, tensors);
            }

            return new GemmaCheckpoint(path, config, files, tensors, File.Exists(tokenizer) ? tokenizer : null, isDemo: false);
        }
        catch
        {
            files.ForEach(x => x.Dispose());
            throw;
        }
    }

    /// <summary>A linear layer's or the embedding's weights.</summary>
    /// <param name="module">The path after <see cref="Prefix"/>, for instance <c>layers.3.self_attn.q_proj</c>.</param>
    /// <param name="rows">Outputs; -1 means as the tensor says (the vocabulary).</param>
    /// <param name="columns">Inputs.</param>
    /// <exception cref="GemmaException">A tensor is missing, or types or shapes disagree with the config or with each other.</exception>
    public WeightMatrix Matrix(string module, long rows, long columns)
    {
        ArgumentNullException.ThrowIfNull(module);
        string path = Prefix + module;
        return ReadMatrix(path, Required(path + ".weight"), rows, columns);
    }

    /// <summary>The head's own weights, where the file has them beside the embedding.</summary>
    /// <param name="columns">Inputs: the hidden size.</param>
    /// <returns>The matrix, or null when the head is tied to the embedding.</returns>
    /// <exception cref="GemmaException">As for <see cref="Matrix"/>.</exception>
    public WeightMatrix? LanguageHead(long columns)
    {
        string path = Prefix == Prefixes[0] ? "language_model.lm_head" : "lm_head";
        return _tensors.TryGetValue(path + ".weight", out TensorView? weight) ? ReadMatrix(path, weight, -1, columns) : null;
    }

    /// <summary>A norm's weights, copied to float32.</summary>
    /// <param name="module">The path after <see cref="Prefix"/>, for instance <c>layers.3.input_layernorm</c>.</param>
    /// <param name="length">The expected length.</param>
    /// <exception cref="GemmaException">The tensor is missing, of another shape, or not BF16, F16 or F32.</exception>
    public float[] Vector(string module, int length)
    {
        ArgumentNullException.ThrowIfNull(module);
        TensorView tensor = Required(Prefix + module + ".weight");
        return tensor.Shape is [long only] && only == length
            ? tensor.ToSingles()
            : throw new GemmaException("has the wrong shape", tensor.File, Untrusted.Show(tensor.Name), $"[{length}]", Untrusted.Show(tensor.Shape));
    }

    /// <summary>Unmaps the files; everything handed out is invalid from here on.</summary>
    public void Dispose() => _files.ForEach(x => x.Dispose());

    /// <summary>The prefix of an embedding's name; null for any other tensor.</summary>
    internal static string? PrefixOf(string tensor) => Array.Find(Prefixes, x => tensor == x + EmbeddingName);

    private WeightMatrix ReadMatrix(string path, TensorView weight, long rows, long columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return WeightMatrixReader.Read(_tensors.GetValueOrDefault, Config.Quantization, weight, path, rows, columns);
    }

    private TensorView Required(string name) =>
        _tensors.TryGetValue(name, out TensorView? tensor)
            ? tensor
            : throw new GemmaException("missing tensor", _files is [SafetensorsFile only] ? only.Path : Location, Untrusted.Show(name));
}
