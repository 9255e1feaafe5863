namespace ManagedGemma.Checkpoints;

/// <summary>Weights in safetensors files: MLX's and Hugging Face's layouts, and ComfyUI's single files.</summary>
internal sealed class SafetensorsWeights : WeightSource
{
    private const string EmbeddingName = DecoderModules.Embedding + ".weight";
    private const string SentencePieceName = "spiece_model";

    // The order matters: the first is the MLX layout, the last the text-only one.
    private static readonly string[] Prefixes = ["language_model.model.", "model.language_model.", "model."];

    private readonly string _location;
    private readonly QuantizationConfig? _quantization;
    private readonly List<SafetensorsFile> _files;
    private readonly Dictionary<string, TensorView> _tensors;

    /// <summary>Takes open files over.</summary>
    /// <param name="location">The directory or file, for messages.</param>
    /// <param name="quantization">What config.json says of it.</param>
    /// <param name="files">The files.</param>
    /// <param name="tensors">Their tensors that belong to the checkpoint, by name.</param>
    /// <exception cref="GemmaException">There is no embedding among them.</exception>
    public SafetensorsWeights(string location, QuantizationConfig? quantization, List<SafetensorsFile> files, Dictionary<string, TensorView> tensors)
    {
        _location = location;
        _quantization = quantization;
        _files = files;
        _tensors = tensors;
        Prefix = PrefixIn(tensors) ?? throw Missing("missing tensor (the embedding)", Prefixes[^1] + EmbeddingName);
        Files = [.. files.Select(x => x.Path)];
    }

    /// <inheritdoc/>
    public override IReadOnlyCollection<TensorView> Tensors => _tensors.Values;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Files { get; }

    /// <inheritdoc/>
    public override string Prefix { get; }

    /// <inheritdoc/>
    public override bool NormsHoldOne => false;

    /// <inheritdoc/>
    public override string? TokenizerName => _tensors.ContainsKey(SentencePieceName) ? $"{SentencePieceName}, inside the weights" : null;

    private string HeadPath => Prefix == Prefixes[0] ? "language_model.lm_head" : DecoderModules.Head;

    /// <summary>The prefix of an embedding's name; null for any other tensor.</summary>
    public static string? PrefixOf(string tensor) => Array.Find(Prefixes, x => tensor == x + EmbeddingName);

    /// <summary>The prefix of the embedding among some tensors; null when there is none.</summary>
    public static string? PrefixIn(Dictionary<string, TensorView> tensors) => Array.Find(Prefixes, x => tensors.ContainsKey(x + EmbeddingName));

    /// <inheritdoc/>
    public override WeightMatrix Matrix(string module, long rows, long columns) => Read(Prefix + module, Weight(module), rows, columns);

    /// <inheritdoc/>
    public override WeightMatrix? LanguageHead(long columns) =>
        _tensors.TryGetValue(HeadPath + ".weight", out TensorView? weight) ? Read(HeadPath, weight, -1, columns) : null;

    /// <inheritdoc/>
    public override string? ModuleOf(string tensor)
    {
        string path = tensor[..Math.Max(0, tensor.LastIndexOf('.'))];
        if (path == HeadPath)
        {
            return DecoderModules.Head;
        }

        return path.StartsWith(Prefix, StringComparison.Ordinal) && path[Prefix.Length..] is var module && DecoderModules.Contains(module) ? module : null;
    }

    /// <inheritdoc/>
    public override ScoredVocabulary? ReadVocabulary() =>
        _tensors.TryGetValue(SentencePieceName, out TensorView? model) ? SentencePieceModel.Read(model) : null;

    /// <inheritdoc/>
    public override void CheckLengths() => _files.ForEach(x => x.CheckLength());

    /// <inheritdoc/>
    public override void Dispose() => _files.ForEach(x => x.Dispose());

    /// <inheritdoc/>
    protected override TensorView Weight(string module)
    {
        string name = Prefix + module + ".weight";
        return _tensors.TryGetValue(name, out TensorView? tensor) ? tensor : throw Missing("missing tensor", name);
    }

    private WeightMatrix Read(string path, TensorView weight, long rows, long columns) =>
        WeightMatrixReader.Read(_tensors.GetValueOrDefault, _quantization, weight, path, rows, columns);

    private GemmaException Missing(string problem, string name) =>
        new(problem, _files is [SafetensorsFile only] ? only.Path : _location, Untrusted.Show(name));
}
