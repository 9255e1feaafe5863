namespace ManagedGemma.Checkpoints;

/// <summary>
/// What makes two checkpoints the same for a cache or a saved prefix: their settings, and of the tensors that are read names, types, shapes
/// and samples of the content. Not the files' dates: a copy would be another checkpoint, and a file that was replaced within its date's
/// resolution, or with its date kept, the same one. Not the whole content: that would read 10 GB before the first prompt. A training or a
/// merge changes nearly every value of the tensors that it changes; what samples do not see is an edit of a few values by hand.
/// </summary>
internal static class CheckpointIdentity
{
    /// <summary>32 bytes. Where the files lie, and how tensors are spread over them, does not matter.</summary>
    public static byte[] Of(GemmaCheckpoint checkpoint)
    {
        checkpoint.CheckLengths();
        using IdentityHash hash = new();
        Add(hash, checkpoint.Config);
        if (checkpoint.ConfigPath is { } path)
        {
            // Quantisation's settings, and what else may be in it.
            hash.Add(FileFailure.ReadSmall(path, GemmaConfig.LongestFile));
        }

        hash.Add(checkpoint.NormsHoldOne);
        hash.Add(checkpoint.Tensors.Where(tensor => checkpoint.ModuleOf(tensor) is not null));
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
}
