using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>What becomes of each of a checkpoint's modules, decided before anything is written.</summary>
internal sealed class QuantizationPlan
{
    private readonly QuantizationScheme _scheme;
    private readonly QuantizerOptions _options;
    private readonly Dictionary<string, ElementType> _types = new(StringComparer.Ordinal);
    private readonly ElementType? _type;
    private readonly List<PlannedModule> _modules = [];

    /// <summary>Plans.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="root">What goes before <c>model.</c> and <c>lm_head</c> in the output's names.</param>
    /// <param name="scheme">How matrices are quantised.</param>
    /// <param name="options">The caller's.</param>
    /// <exception cref="GemmaException">A tensor is missing or not what the config says; a matrix is quantised already; no matrix can be quantised.</exception>
    public QuantizationPlan(GemmaCheckpoint source, string root, QuantizationScheme scheme, QuantizerOptions options)
    {
        _scheme = scheme;
        _options = options;

        // GGUF files widen norms and mix types, which MLX would compute in float32; BF16 is what Gemma's weights were made in.
        _type = options.ElementType ?? (source.NormsHoldOne ? ElementType.BF16 : null);
        foreach (TensorView tensor in source.Tensors)
        {
            if (source.ModuleOf(tensor) is { } module)
            {
                _types[module] = tensor.ElementType;
            }
        }

        foreach ((string path, long? rows, int columns) in DecoderShapes.Of(source.Config))
        {
            string target = root + "model." + path;
            _modules.Add(rows is { } count ? Matrix(target, source.Matrix(path, count, columns)) : Norm(target, path, columns));
        }

        if (source.LanguageHead(source.Config.HiddenSize) is { } head)
        {
            _modules.Add(Matrix(root + "lm_head", head));
        }

        DenseModules = [.. _modules.Where(x => x.Source is not null && x.Scheme is null).Select(x => x.Path)];
        if (DenseModules.Count == _modules.Count(x => x.Source is not null))
        {
            throw new GemmaException(
                $"no matrix can be quantised: the group size {scheme.GroupSize} divides none of their widths", source.Location);
        }

        Parameters = _modules.Sum(x => x.Parameters);
        Shards = new SafetensorsShards([.. _modules.SelectMany(x => x.Tensors)], options.ShardLimit, Parameters);
    }

    /// <summary>The modules, in the order of the output.</summary>
    public IReadOnlyList<PlannedModule> Modules => _modules;

    /// <summary>Paths of matrices that stay dense, because the group does not divide their width.</summary>
    public IReadOnlyList<string> DenseModules { get; }

    /// <summary>Weights of the decoder.</summary>
    public long Parameters { get; }

    /// <summary>Bytes of the decoder's tensors in the source.</summary>
    public long SourceBytes { get; private set; }

    /// <summary>The files that the tensors go to.</summary>
    public SafetensorsShards Shards { get; }

    private PlannedModule Matrix(string target, WeightMatrix matrix)
    {
        ElementType type = matrix.Weight.ElementType;
        bool isDense = matrix is { Scheme: null, BlockType: null } && type.IsWeightFloat();
        if (!isDense && !_options.AllowRequantize)
        {
            throw new GemmaException(
                "is quantised already; quantising it again would add error to error",
                matrix.Weight.File,
                Untrusted.Show(matrix.Path),
                "BF16, F16 or F32",
                matrix.Scheme?.ToString() ?? matrix.Weight.TypeName);
        }

        if (!isDense)
        {
            type = matrix.Scales is { } scales && scales.ElementType.IsWeightFloat() ? scales.ElementType : ElementType.BF16;
        }

        SourceBytes += matrix.ByteLength;
        return new PlannedModule(
            target,
            matrix,
            string.Empty,
            checked((int)matrix.Columns),
            _type ?? type,
            matrix.Columns % _scheme.GroupSize == 0 ? _scheme : null);
    }

    private PlannedModule Norm(string target, string module, int length)
    {
        ElementType type = _types.TryGetValue(module, out ElementType stored) && stored.IsWeightFloat() ? stored : ElementType.F32;
        SourceBytes += (long)length * type.ByteSize();
        return new PlannedModule(target, null, module, length, _type ?? type, null);
    }
}
