namespace ManagedGemma.Checkpoints;

/// <summary>What is known of Google's sizes of Gemma 3 and cannot be told from the shapes of tensors.</summary>
/// <param name="Name">As in the names of the published models.</param>
internal sealed record GemmaPreset(string Name)
{
    public required int HiddenSize { get; init; }

    public required int LayerCount { get; init; }

    public required int IntermediateSize { get; init; }

    public required int HeadCount { get; init; }

    public required int KeyValueHeadCount { get; init; }

    public int HeadDim { get; init; } = 256;

    public int SlidingWindow { get; init; } = 1024;

    public int QueryPreAttnScalar { get; init; } = 256;

    public int RopeFactorFull { get; init; } = 8;

    public int MaxPositionEmbeddings { get; init; } = 131072;

    /// <summary>The published sizes; their config.json files say the same.</summary>
    public static IReadOnlyList<GemmaPreset> All { get; } =
    [
        new("gemma-3-270m")
        {
            HiddenSize = 640, LayerCount = 18, IntermediateSize = 2048, HeadCount = 4, KeyValueHeadCount = 1,
            SlidingWindow = 512, RopeFactorFull = 1, MaxPositionEmbeddings = 32768,
        },
        new("gemma-3-1b")
        {
            HiddenSize = 1152, LayerCount = 26, IntermediateSize = 6912, HeadCount = 4, KeyValueHeadCount = 1,
            SlidingWindow = 512, RopeFactorFull = 1, MaxPositionEmbeddings = 32768,
        },
        new("gemma-3-4b") { HiddenSize = 2560, LayerCount = 34, IntermediateSize = 10240, HeadCount = 8, KeyValueHeadCount = 4 },
        new("gemma-3-12b") { HiddenSize = 3840, LayerCount = 48, IntermediateSize = 15360, HeadCount = 16, KeyValueHeadCount = 8 },
        new("gemma-3-27b")
        {
            HiddenSize = 5376, LayerCount = 62, IntermediateSize = 21504, HeadCount = 32, KeyValueHeadCount = 16,
            HeadDim = 128, QueryPreAttnScalar = 168,
        },
    ];

    /// <summary>The published model that a config has the shapes of; null when there is none.</summary>
    public static GemmaPreset? Of(GemmaConfig config) => All.FirstOrDefault(x =>
        (x.HiddenSize, x.LayerCount, x.IntermediateSize, x.HeadCount, x.KeyValueHeadCount, x.HeadDim)
        == (config.HiddenSize, config.LayerCount, config.IntermediateSize, config.HeadCount, config.KeyValueHeadCount, config.HeadDim));
}
