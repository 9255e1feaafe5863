using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// A Gemma 3 checkpoint: its sizes and mapped weights, handed out module by module after validation. Nothing is copied; what it
/// hands out is valid until it is disposed. Modules have the names of Hugging Face's code, whatever the files call them. Tensors
/// that the decoder does not need (a vision tower, a tokenizer model) are left alone. Reading from several threads is safe.
/// </summary>
public sealed class GemmaCheckpoint : IDisposable
{
    private const string ConfigName = "config.json";
    private const string TokenizerFile = "tokenizer.json";

    private readonly WeightSource _source;

    internal GemmaCheckpoint(string location, GemmaConfig config, string configOrigin, WeightSource source, string? tokenizerPath)
    {
        Location = location;
        Config = config;
        ConfigOrigin = configOrigin;
        _source = source;
        TokenizerPath = tokenizerPath;
        TotalBytes = source.Tensors.Sum(x => x.ByteLength);
    }

    /// <summary>The directory or file as it was given to <see cref="Open"/>.</summary>
    public string Location { get; }

    /// <summary>The decoder's sizes.</summary>
    public GemmaConfig Config { get; }

    /// <summary>Where the sizes come from, for people: <c>config.json</c>, the GGUF file's metadata, or the tensors' shapes and a published model.</summary>
    public string ConfigOrigin { get; }

    /// <summary>Whether sizes that shapes do not tell are Hugging Face's defaults, for want of a config.json: they may be wrong.</summary>
    public bool IsConfigAssumed { get; private init; }

    /// <summary>The config.json that the sizes come from; null when they come from elsewhere.</summary>
    internal string? ConfigPath { get; private init; }

    /// <summary>What goes before a decoder module's name in the file, for instance <c>language_model.model.</c>; empty in GGUF files.</summary>
    public string Prefix => _source.Prefix;

    /// <summary>Every tensor of the checkpoint, those that the decoder ignores included.</summary>
    public IReadOnlyCollection<TensorView> Tensors => _source.Tensors;

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes { get; }

    /// <summary>The weight files' paths.</summary>
    public IReadOnlyList<string> Files => _source.Files;

    /// <summary>Whether this is the built-in demonstration model, which is no language model.</summary>
    public bool IsDemo { get; internal init; }

    /// <summary>The tokenizer.json beside the weights; null when there is none.</summary>
    public string? TokenizerPath { get; }

    /// <summary>What inside the weight files says how to tokenise, for people; null when nothing does.</summary>
    public string? EmbeddedTokenizer => _source.TokenizerName;

    /// <summary>Whether norms have Gemma's 1 added already, as in GGUF files.</summary>
    public bool NormsHoldOne => _source.NormsHoldOne;

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">
    /// A directory with config.json and safetensors files, or with one GGUF model; or one such file. A *.safetensors file without
    /// a config.json beside it (ComfyUI's) is taken for the published model that has its shapes.
    /// </param>
    /// <exception cref="GemmaException">Something is missing or not what it should be; the message says what and where.</exception>
    public static GemmaCheckpoint Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        bool isFile = File.Exists(path);
        if (!isFile && !Directory.Exists(path))
        {
            throw new GemmaException("the directory does not exist", path);
        }

        string directory = DirectoryOf(path, isFile);
        if (isFile)
        {
            return GgufFile.Is(path) ? OpenGguf(path, path, directory) : OpenSafetensors(path, directory, isFile);
        }

        // Safetensors go first where they are a checkpoint: features that were written beside a GGUF file are none.
        bool isSafetensors = File.Exists(Path.Combine(path, ConfigName)) && CheckpointFiles.AnyIn(path);
        return !isSafetensors && GgufFiles.AnyIn(path)
            ? OpenGguf(path, GgufFiles.FindIn(path), directory)
            : OpenSafetensors(path, directory, isFile);
    }

    /// <summary>A linear layer's or the embedding's weights.</summary>
    /// <param name="module">The name in Hugging Face's code, for instance <c>layers.3.self_attn.q_proj</c> or <c>embed_tokens</c>.</param>
    /// <param name="rows">Outputs; -1 means as the tensor says (the vocabulary).</param>
    /// <param name="columns">Inputs.</param>
    /// <exception cref="GemmaException">A tensor is missing, or types or shapes disagree with the config or with each other.</exception>
    public WeightMatrix Matrix(string module, long rows, long columns)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return _source.Matrix(module, rows, columns);
    }

    /// <summary>The head's own weights, where the file has them beside the embedding.</summary>
    /// <param name="columns">Inputs: the hidden size.</param>
    /// <returns>The matrix, or null when the head is tied to the embedding.</returns>
    /// <exception cref="GemmaException">As for <see cref="Matrix"/>.</exception>
    public WeightMatrix? LanguageHead(long columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return _source.LanguageHead(columns);
    }

    /// <summary>A norm's weights as they are stored, copied to float32; see <see cref="NormsHoldOne"/>.</summary>
    /// <param name="module">The name in Hugging Face's code, for instance <c>layers.3.input_layernorm</c>.</param>
    /// <param name="length">The expected length.</param>
    /// <exception cref="GemmaException">The tensor is missing, of another shape, or not BF16, F16 or F32.</exception>
    public float[] Vector(string module, int length)
    {
        ArgumentNullException.ThrowIfNull(module);
        return _source.Vector(module, length);
    }

    /// <summary>What a tensor is for.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <returns>
    /// The decoder's module that it belongs to, for instance <c>layers.3.self_attn.q_proj</c> or <c>lm_head</c>; null when the decoder
    /// does not read it.
    /// </returns>
    public string? ModuleOf(TensorView tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return _source.ModuleOf(tensor.Name);
    }

    /// <summary>Unmaps the files; everything handed out is invalid from here on.</summary>
    public void Dispose() => _source.Dispose();

    /// <summary>The tokenizer.json that belongs to a model's path; null when there is none.</summary>
    internal static string? TokenizerBeside(string path)
    {
        string tokenizer = Path.Combine(DirectoryOf(path, File.Exists(path)), TokenizerFile);
        return File.Exists(tokenizer) ? tokenizer : null;
    }

    /// <summary>Whether a path holds anything that <see cref="Open"/> could take for weights.</summary>
    internal static bool HoldsWeights(string path) =>
        File.Exists(path) || (Directory.Exists(path) && (CheckpointFiles.AnyIn(path) || GgufFiles.AnyIn(path)));

    /// <summary>The vocabulary inside the weight files; null when there is none.</summary>
    /// <exception cref="GemmaException">It is damaged, or of another kind than Gemma's.</exception>
    internal ScoredVocabulary? ReadVocabulary() => _source.ReadVocabulary();

    /// <summary>Holds every file's length against what it was when it was mapped: what lies beyond a new end must not be read.</summary>
    /// <exception cref="GemmaException">A file was cut short.</exception>
    internal void CheckLengths() => _source.CheckLengths();

    private static string DirectoryOf(string path, bool isFile) => isFile ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;

    private static GemmaCheckpoint OpenGguf(string path, string file, string directory)
    {
        List<GgufFile> files = GgufFiles.Open(file);
        try
        {
            GemmaConfig config = GgufConfigReader.Read(files[0].Metadata);
            return new GemmaCheckpoint(path, config, "the GGUF file's metadata", new GgufWeights(files), TokenizerBeside(directory));
        }
        catch
        {
            files.ForEach(x => x.Dispose());
            throw;
        }
    }

    private static GemmaCheckpoint OpenSafetensors(string path, string directory, bool isFile)
    {
        string configPath = Path.Combine(directory, ConfigName);
        GemmaConfig? config = File.Exists(configPath) ? GemmaConfig.Load(configPath) : null;
        if (config is null && !isFile)
        {
            throw new GemmaException("no config.json", directory);
        }

        Dictionary<string, TensorView> tensors = new(StringComparer.Ordinal);
        List<SafetensorsFile> files = isFile ? CheckpointFiles.OpenFile(path, tensors) : CheckpointFiles.Open(directory, tensors);
        try
        {
            string origin = ConfigName;
            bool isAssumed = false;
            if (config is null)
            {
                config = ShapeConfigReader.Read(tensors, path, out GemmaPreset? preset);
                isAssumed = preset is null;
                origin = "the tensors' shapes and " + (preset is null ? "Hugging Face's defaults" : $"the preset {preset.Name}");
            }

            SafetensorsWeights source = new(path, config.Quantization, files, tensors);
            return new GemmaCheckpoint(path, config, origin, source, TokenizerBeside(directory))
            {
                IsConfigAssumed = isAssumed,
                ConfigPath = origin == ConfigName ? configPath : null,
            };
        }
        catch
        {
            files.ForEach(x => x.Dispose());
            throw;
        }
    }
}
