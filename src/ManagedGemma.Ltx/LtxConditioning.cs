namespace ManagedGemma.Ltx;

/// <summary>A prompt as LTX's transformer reads it: the connectors' outputs. Every slot counts, so there is no padding.</summary>
public sealed class LtxConditioning
{
    internal LtxConditioning(EmbeddingRows video, EmbeddingRows audio, LtxProjection projection)
    {
        Video = video;
        Audio = audio;
        Projection = projection;
    }

    /// <summary>T.</summary>
    public int Length => Video.Count;

    /// <summary>video_context, [T, width]: the prompt's tokens first, then what became of the registers.</summary>
    public EmbeddingRows Video { get; }

    /// <summary>audio_context, [T, width], in the same order.</summary>
    public EmbeddingRows Audio { get; }

    /// <summary>What the connectors were given.</summary>
    public LtxProjection Projection { get; }

    /// <summary>[T]: all ones.</summary>
    public int[] AttentionMask() => [.. Enumerable.Repeat(1, Length)];
}
