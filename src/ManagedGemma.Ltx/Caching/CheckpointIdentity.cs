using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Caching;

/// <summary>
/// What makes two checkpoints the same for a cache: their settings, and of the tensors that are read names, types, shapes and samples of
/// the content. Not the files' dates: a copy would be another checkpoint, and a file that was replaced within its date's resolution, or
/// with its date kept, the same one. Not the whole content: that would read 10 GB before the first prompt. A training or a merge changes
/// nearly every value of the tensors that it changes; what samples do not see is an edit of a few values by hand.
/// </summary>
internal static class CheckpointIdentity
{
    /// <summary>32 bytes for an encoder.</summary>
    public static byte[] Of(GemmaCheckpoint checkpoint)
    {
        using IdentityHash hash = new();
        Add(hash, checkpoint.Config);
        if (checkpoint.ConfigPath is { } path)
        {
            // Quantisation's settings, and what else may be in it.
            hash.Add(FileFailure.ReadSmall(path, GemmaConfig.LongestFile));
        }

        hash.Add(checkpoint.NormsHoldOne);
        AddAll(hash, checkpoint.Tensors.Where(tensor => checkpoint.ModuleOf(tensor) is not null));
        return hash.Result();
    }

    /// <summary>32 bytes for the text parts of an LTX checkpoint.</summary>
    public static byte[] Of(LtxCheckpoint checkpoint)
    {
        using IdentityHash hash = new();
        LtxConfig config = checkpoint.Config;
        hash.Add((long)config.Features);
        foreach (LtxConnectorConfig connector in (ReadOnlySpan<LtxConnectorConfig>)[config.Video, config.Audio])
        {
            hash.Add((long)connector.HeadCount);
            hash.Add((long)connector.HeadDim);
            hash.Add((long)connector.LayerCount);
        }

        hash.Add(config.Gated);
        hash.Add(config.FeedForwardBias);
        hash.Add(config.DoubleFrequencies);
        hash.Add((double)config.MaxPosition);
        AddAll(hash, checkpoint.TextTensors);
        return hash.Result();
    }

    private static void Add(IdentityHash hash, GemmaConfig config)
    {
        foreach (int size in (ReadOnlySpan<int>)
            [config.HiddenSize, config.LayerCount, config.IntermediateSize, config.HeadCount, config.KeyValueHeadCount, config.HeadDim, config.SlidingWindow])
        {
            hash.Add((long)size);
        }

        foreach (double value in (ReadOnlySpan<double>)
            [
                config.RmsNormEps, config.QueryPreAttnScalar, config.RopeThetaFull, config.RopeThetaSliding, config.RopeFactorFull,
                config.RopeFactorSliding,
            ])
        {
            hash.Add(value);
        }

        foreach (bool full in config.FullAttention)
        {
            hash.Add(full);
        }
    }

    private static void AddAll(IdentityHash hash, IEnumerable<TensorView> tensors)
    {
        foreach (TensorView tensor in tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            hash.Add(tensor);
        }
    }
}
