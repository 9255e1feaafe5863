namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>
/// Weights in GGUF files. Rows are as in Hugging Face's files (llama.cpp permutes none of Gemma 3's); norms have the 1 added.
/// </summary>
internal sealed class GgufWeights : WeightSource
{
    private readonly List<GgufFile> _files;
    private readonly Dictionary<string, TensorView> _tensors = new(StringComparer.Ordinal);

    /// <summary>Takes open files over, metadata first.</summary>
    /// <exception cref="GemmaException">Two of them hold the same tensor, or none holds the embedding.</exception>
    public GgufWeights(List<GgufFile> files)
    {
        _files = files;
        foreach (TensorView tensor in files.SelectMany(x => x.Tensors))
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
            {
                throw new GemmaException("duplicate tensor name", tensor.File, Untrusted.Show(tensor.Name), found: $"another in {_tensors[tensor.Name].File}");
            }
        }

        Files = [.. files.Select(x => x.Path)];
        Weight(DecoderModules.Embedding);
    }

    /// <inheritdoc/>
    public override IReadOnlyCollection<TensorView> Tensors => _tensors.Values;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Files { get; }

    /// <inheritdoc/>
    public override string Prefix => string.Empty;

    /// <inheritdoc/>
    public override bool NormsHoldOne => true;

    /// <inheritdoc/>
    public override string? TokenizerName => GgufVocabulary.IsIn(Metadata) ? "the GGUF file's metadata" : null;

    private GgufMetadata Metadata => _files[0].Metadata;

    /// <inheritdoc/>
    public override WeightMatrix Matrix(string module, long rows, long columns) => Read(module, Weight(module), rows, columns);

    /// <inheritdoc/>
    public override WeightMatrix? LanguageHead(long columns) =>
        _tensors.TryGetValue(GgufNames.Of(DecoderModules.Head), out TensorView? head) ? Read(DecoderModules.Head, head, -1, columns) : null;

    /// <inheritdoc/>
    public override string? ModuleOf(string tensor) => GgufNames.ModuleOf(tensor);

    /// <inheritdoc/>
    public override ScoredVocabulary? ReadVocabulary() => GgufVocabulary.IsIn(Metadata) ? GgufVocabulary.Read(_files[0]) : null;

    /// <inheritdoc/>
    public override void CheckLengths() => _files.ForEach(x => x.Memory.CheckLength());

    /// <inheritdoc/>
    public override void Dispose() => _files.ForEach(x => x.Dispose());

    /// <inheritdoc/>
    protected override TensorView Weight(string module)
    {
        string name = GgufNames.Of(module);
        return _tensors.TryGetValue(name, out TensorView? tensor)
            ? tensor
            : throw new GemmaException("missing tensor", _files[0].Path, Untrusted.Show(name));
    }

    private static WeightMatrix Read(string module, TensorView tensor, long rows, long columns)
    {
        if (tensor.BlockType is null && !tensor.ElementType.IsWeightFloat())
        {
            throw new GemmaException("has the wrong type for weights", tensor.File, Untrusted.Show(tensor.Name), "F32, F16, BF16 or blocks", tensor.TypeName);
        }

        IReadOnlyList<long> shape = tensor.WeightShape;
        if (shape is not [long height, long width] || height < 1 || (rows >= 0 && height != rows) || width != columns)
        {
            throw new GemmaException(
                "has the wrong shape", tensor.File, Untrusted.Show(tensor.Name), rows < 0 ? $"[rows,{columns}]" : $"[{rows},{columns}]", Untrusted.Show(shape));
        }

        return new WeightMatrix(module, height, columns, null, tensor);
    }
}
