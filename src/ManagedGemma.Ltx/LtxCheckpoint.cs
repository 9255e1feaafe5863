using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Weights;

namespace ManagedGemma.Ltx;

/// <summary>
/// The text parts of an LTX checkpoint: the projection of Gemma's hidden states and the two connectors, where they lie in the mapped
/// file. Nothing else of the file is touched. Loaded once, used from any number of threads.
/// </summary>
public sealed class LtxCheckpoint : IDisposable
{
    private static readonly string[] TextPrefixes =
        [ProjectionWeights.Prefix, ConnectorWeights.Prefix("video"), ConnectorWeights.Prefix("audio")];

    private readonly SafetensorsFile _file;

    private LtxCheckpoint(SafetensorsFile file)
    {
        _file = file;
        Config = LtxConfigParser.Parse(file.Header.Metadata, file.Path);
        LtxTensors tensors = new(file);
        Projection = new ProjectionWeights(tensors, Config);
        Video = new ConnectorWeights(tensors, "video", Config, Config.Video);
        Audio = new ConnectorWeights(tensors, "audio", Config, Config.Audio);
        ConnectorPages = new WeightPages(
            Video.Blocks.Concat(Audio.Blocks).SelectMany(block => block.Products).Select(layers => layers.SelectMany(layer => layer.Weights.Ranges)));
    }

    /// <summary>The path as it was given to <see cref="Open"/>.</summary>
    public string Path => _file.Path;

    /// <summary>What the metadata says.</summary>
    public LtxConfig Config { get; }

    /// <summary>Features that the projection takes: the encoder's hidden size · (layers + 1).</summary>
    public int FeatureCount => Projection.FeatureCount;

    /// <summary>From features to the connectors' inputs.</summary>
    internal ProjectionWeights Projection { get; }

    /// <summary>The video connector.</summary>
    internal ConnectorWeights Video { get; }

    /// <summary>The audio connector.</summary>
    internal ConnectorWeights Audio { get; }

    /// <summary>The products of both connectors, as <see cref="LtxTextConditioner"/> runs them: video's first.</summary>
    internal WeightPages ConnectorPages { get; }

    /// <summary>The tensors of the text parts, whatever else the file holds.</summary>
    internal IEnumerable<TensorView> TextTensors =>
        _file.Tensors.Where(tensor => TextPrefixes.Any(prefix => tensor.Name.StartsWith(prefix, StringComparison.Ordinal)));

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">An LTX-2 *.safetensors file with its metadata.</param>
    /// <exception cref="GemmaException">
    /// The file or its metadata is damaged, partial or contradictory, or a tensor of the text parts is missing, has another shape or type,
    /// or holds NaN or infinity; the message says which.
    /// </exception>
    public static LtxCheckpoint Open(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            return new LtxCheckpoint(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the file. Nobody may be using it: <see cref="LtxTextConditioner"/> waits for that.</summary>
    public void Dispose() => _file.Dispose();
}
