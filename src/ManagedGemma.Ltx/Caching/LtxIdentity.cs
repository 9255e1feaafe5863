using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Caching;

/// <summary>What makes two LTX checkpoints the same for a cache, as <see cref="CheckpointIdentity"/> does of encoders.</summary>
internal static class LtxIdentity
{
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
        hash.Add(checkpoint.TextTensors);
        return hash.Result();
    }
}
