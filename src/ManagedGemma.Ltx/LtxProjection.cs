namespace ManagedGemma.Ltx;

/// <summary>
/// A prompt after the projection and before the connectors: what LTX trainers cache. Rows of the prompt's own tokens; in padded form
/// [T, width] they come last, and the rows before them are the projection's bias (V2) or zero (V1).
/// </summary>
public sealed class LtxProjection
{
    private readonly float[]? _videoBias;
    private readonly float[]? _audioBias;

    internal LtxProjection(EmbeddingRows video, EmbeddingRows audio, float[]? videoBias, float[]? audioBias, int length, IReadOnlyList<int> ids)
    {
        Video = video;
        Audio = audio;
        _videoBias = videoBias;
        _audioBias = audioBias;
        Length = length;
        TokenIds = ids;
    }

    /// <summary>T: rows of the padded form, and of the contexts made from it.</summary>
    public int Length { get; }

    /// <summary>The prompt's tokens, BOS first, without padding; empty when it was made from rows.</summary>
    public IReadOnlyList<int> TokenIds { get; }

    /// <summary>[tokens, width]: the video embeddings, without padding.</summary>
    public EmbeddingRows Video { get; }

    /// <summary>[tokens, width]: the audio embeddings, without padding; in V1 the same as the video embeddings.</summary>
    public EmbeddingRows Audio { get; }

    /// <summary>Rows that belong to the prompt.</summary>
    public int TokenCount => Video.Count;

    /// <summary>
    /// Takes padded rows as they are cached, padding on either side: the rows whose mask is 0 are left out, the others keep their order.
    /// </summary>
    /// <param name="video">[T, video width], T a multiple of 128.</param>
    /// <param name="audio">[T, audio width]; in V1 the same as the video rows.</param>
    /// <param name="attentionMask">[T]: not 0 where a row belongs to the prompt.</param>
    /// <exception cref="GemmaException">The numbers of rows differ, or are no multiple of 128.</exception>
    public static LtxProjection FromPadded(EmbeddingRows video, EmbeddingRows audio, ReadOnlySpan<int> attentionMask)
    {
        ArgumentNullException.ThrowIfNull(video);
        ArgumentNullException.ThrowIfNull(audio);
        int length = attentionMask.Length;
        LtxOptions.RequireLength(length);
        foreach ((string name, EmbeddingRows rows) in (ReadOnlySpan<(string, EmbeddingRows)>)[("video rows", video), ("audio rows", audio)])
        {
            if (rows.Count != length)
            {
                throw new GemmaException("rows and mask do not belong together", subject: name, expected: $"{length}", found: $"{rows.Count}");
            }
        }

        EmbeddingRows kept = Keep(video, attentionMask);
        return new LtxProjection(kept, ReferenceEquals(video, audio) ? kept : Keep(audio, attentionMask), null, null, length, []);
    }

    /// <summary>[T]: 1 where a row of the padded form belongs to the prompt, else 0.</summary>
    public int[] AttentionMask() => [.. Enumerable.Range(0, Length).Select(row => row >= Length - TokenCount ? 1 : 0)];

    /// <summary>Copies a row of the padded video embeddings.</summary>
    /// <param name="row">0 .. <see cref="Length"/> − 1.</param>
    /// <param name="destination">As many elements as a video row has.</param>
    public void CopyVideoRow(int row, Span<float> destination) => CopyRow(Video, _videoBias, row, destination);

    /// <summary>Copies a row of the padded audio embeddings.</summary>
    /// <param name="row">0 .. <see cref="Length"/> − 1.</param>
    /// <param name="destination">As many elements as an audio row has.</param>
    public void CopyAudioRow(int row, Span<float> destination) => CopyRow(Audio, _audioBias, row, destination);

    private void CopyRow(EmbeddingRows rows, float[]? padding, int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Length, nameof(row));
        int token = row - (Length - TokenCount);
        if (token >= 0)
        {
            rows.Row(token).CopyTo(destination);
        }
        else if (padding is null)
        {
            destination[..rows.Width].Clear();
        }
        else
        {
            padding.CopyTo(destination);
        }
    }

    private static EmbeddingRows Keep(EmbeddingRows rows, ReadOnlySpan<int> mask)
    {
        int count = rows.Count - mask.Count(0);
        float[] values = new float[(long)count * rows.Width];
        Span<float> rest = values;
        for (int row = 0; row < rows.Count; row++)
        {
            if (mask[row] != 0)
            {
                rows.Row(row).CopyTo(rest);
                rest = rest[rows.Width..];
            }
        }

        return new EmbeddingRows(count, rows.Width, values);
    }
}
