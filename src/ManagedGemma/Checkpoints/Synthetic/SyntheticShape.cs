namespace ManagedGemma.Checkpoints.Synthetic;

/// <summary>The sizes of a synthetic checkpoint. Widths are multiples of 64, the group size of its quantisation.</summary>
public sealed record SyntheticShape
{
    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of layers; every sixth one is full.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Width between gate/up and down projection.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>Width of a head; attention scores are scaled by its square root.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Positions that a sliding layer sees.</summary>
    public required int SlidingWindow { get; init; }

    /// <summary>The linear factor of RoPE on full layers.</summary>
    public double RopeFactor { get; init; } = 8;

    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The sizes of the 12b with any number of layers; six make a file of 1.3 GB, all 48 one of 6.6 GB.</summary>
    /// <param name="layers">Number of layers.</param>
    public static SyntheticShape Gemma12B(int layers) => new()
    {
        HiddenSize = 3840,
        LayerCount = layers,
        IntermediateSize = 15360,
        HeadCount = 16,
        KeyValueHeadCount = 8,
        HeadDim = 256,
        SlidingWindow = 1024,
        VocabularySize = 262208,
    };
}
