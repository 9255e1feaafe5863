using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Ltx.Weights;

/// <summary>The projection of features: for video and for audio; in V1 one and the same.</summary>
internal sealed class ProjectionWeights
{
    /// <summary>What the tensors' names begin with.</summary>
    public const string Prefix = "text_embedding_projection.";
    private const string Single = Prefix + "aggregate_embed";

    public ProjectionWeights(LtxTensors tensors, LtxConfig config)
    {
        bool isV2 = config.Features == FeatureVersion.V2;
        if (isV2)
        {
            RefuseOther(tensors, Single, "the metadata says that there are two projections (caption_proj_before_connector), the tensors say one");
            Video = Read(tensors, "video", config.Video.Width, -1);
            Audio = Read(tensors, "audio", config.Audio.Width, Video.Weights.Columns);
        }
        else
        {
            RefuseOther(tensors, Module("video"), "the metadata says that there is one projection (no caption_proj_before_connector), the tensors say two");
            Video = Audio = new ProjectionTarget(tensors.Matrix(Single, config.Video.Width, -1), null);
            if (config.Audio.Width != config.Video.Width)
            {
                throw new GemmaException(
                    "one projection serves both connectors, which are not equally wide",
                    tensors.Path,
                    "audio_connector_num_attention_heads x audio_connector_attention_head_dim",
                    $"{config.Video.Width}",
                    $"{config.Audio.Width}");
            }
        }

        FeatureCount = Video.Weights.Columns;
    }

    /// <summary>Columns of the matrices: hidden size · states.</summary>
    public int FeatureCount { get; }

    /// <summary>For video.</summary>
    public ProjectionTarget Video { get; }

    /// <summary>For audio; the same object as for video where there is only one.</summary>
    public ProjectionTarget Audio { get; }

    /// <summary>Where the matrices lie in the file.</summary>
    public IReadOnlyCollection<FileRange> Ranges => [.. new[] { Video, Audio }.Distinct().SelectMany(target => target.Weights.Ranges)];

    private static string Module(string modality) => $"{Prefix}{modality}_aggregate_embed";

    private static ProjectionTarget Read(LtxTensors tensors, string modality, int rows, int columns) =>
        new(tensors.Matrix(Module(modality), rows, columns), tensors.Values(Module(modality) + ".bias", rows));

    private static void RefuseOther(LtxTensors tensors, string module, string problem)
    {
        if (tensors.FirstWithPrefix(module + ".") is { } name)
        {
            throw new GemmaException(problem, tensors.Path, Untrusted.Show(name));
        }
    }
}
