using ManagedGemma.Checkpoints;

namespace ManagedGemma.Cli.Output;

/// <summary>What a checkpoint's tensors are for and how they are stored, from their names, types and shapes.</summary>
internal sealed class CheckpointSummary
{
    private readonly Dictionary<CheckpointPart, (long Bytes, long Parameters, int Tensors)> _parts = [];
    private readonly List<string> _dense = [];
    private readonly SortedSet<string> _schemes = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _scaleTypes = new(StringComparer.Ordinal);

    public CheckpointSummary(GemmaCheckpoint checkpoint)
    {
        HashSet<string> names = [.. checkpoint.Tensors.Select(x => x.Name)];
        foreach (TensorView tensor in checkpoint.Tensors)
        {
            CheckpointPart part = PartOf(checkpoint.ModuleOf(tensor));
            string path = tensor.Name[..Math.Max(0, tensor.Name.LastIndexOf('.'))];
            bool isQuantised = names.Contains(path + ".scales");
            long parameters = 0;
            if (!isQuantised)
            {
                parameters = tensor.WeightShape.Aggregate(1L, (product, dimension) => product * dimension);
            }
            else if (tensor.Name == path + ".weight")
            {
                QuantizationScheme? scheme = checkpoint.Config.Quantization?.For(path);
                parameters = scheme is null ? 0 : tensor.ByteLength * 8 / scheme.Bits;
            }

            (long bytes, long sum, int count) = _parts.GetValueOrDefault(part);
            _parts[part] = (bytes + tensor.ByteLength, sum + parameters, count + 1);
            if (part != CheckpointPart.Ignored)
            {
                NoteStorage(checkpoint, tensor, path, isQuantised);
            }
        }
    }

    /// <summary>Bytes, parameters and tensors of each part that there is, in the order of <see cref="CheckpointPart"/>.</summary>
    public IEnumerable<(CheckpointPart Part, long Bytes, long Parameters, int Tensors)> Parts =>
        _parts.OrderBy(x => x.Key).Select(x => (x.Key, x.Value.Bytes, x.Value.Parameters, x.Value.Tensors));

    /// <summary>Weights of the decoder, head included; what is ignored is not counted.</summary>
    public long Parameters => _parts.Where(x => x.Key != CheckpointPart.Ignored).Sum(x => x.Value.Parameters);

    /// <summary>The quantisations in use; empty when all is dense.</summary>
    public IReadOnlyCollection<string> Schemes => _schemes;

    /// <summary>Element types of the scales.</summary>
    public IReadOnlyCollection<string> ScaleTypes => _scaleTypes;

    /// <summary>The decoder's matrices that are not quantised.</summary>
    public IReadOnlyList<string> DenseModules => _dense;

    /// <summary>What a module is for; null is none of the decoder's.</summary>
    public static CheckpointPart PartOf(string? module) => module?.Split('.') switch
    {
        ["embed_tokens"] => CheckpointPart.Embedding,
        ["lm_head"] => CheckpointPart.Head,
        ["norm"] => CheckpointPart.Norms,
        ["layers", _, "self_attn", "q_norm" or "k_norm"] => CheckpointPart.Norms,
        ["layers", _, "self_attn", _] => CheckpointPart.Attention,
        ["layers", _, "mlp", _] => CheckpointPart.FeedForward,
        ["layers", _, _] => CheckpointPart.Norms,
        _ => CheckpointPart.Ignored,
    };

    private void NoteStorage(GemmaCheckpoint checkpoint, TensorView tensor, string path, bool isQuantised)
    {
        if (tensor.BlockType is { } type)
        {
            _schemes.Add($"GGUF {type}");
        }
        else if (!isQuantised)
        {
            if (tensor.Shape.Count == 2)
            {
                _dense.Add(path);
            }
        }
        else if (tensor.Name == path + ".scales")
        {
            _scaleTypes.Add(tensor.ElementType.ToSafetensorsName());
            _schemes.Add(checkpoint.Config.Quantization?.For(path)?.ToString() ?? "not in config.json");
        }
    }
}
