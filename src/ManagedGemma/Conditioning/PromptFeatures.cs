namespace ManagedGemma.Conditioning;

/// <summary>A prompt's features, and how its tokens lie in the padded outputs.</summary>
public sealed class PromptFeatures
{
    private readonly FeatureSink _features;
    private readonly IReadOnlyList<int> _ids;
    private readonly int _padId;

    internal PromptFeatures(FeatureSink features, IReadOnlyList<int> ids, int length, int padId)
    {
        _features = features;
        _ids = ids;
        _padId = padId;
        Length = length;
    }

    /// <summary>T: rows of the outputs, padding included.</summary>
    public int Length { get; }

    /// <summary>Rows that belong to the prompt: the last ones.</summary>
    public int TokenCount => _ids.Count;

    /// <summary>Elements of a row: hidden size · (layers + 1).</summary>
    public int Width => _features.Width;

    /// <summary>Whether a row belongs to the prompt.</summary>
    public bool IsToken(int row) => row >= Length - TokenCount;

    /// <summary>[T]: 1 where a row belongs to the prompt, else 0.</summary>
    public int[] AttentionMask() => [.. Enumerable.Range(0, Length).Select(row => IsToken(row) ? 1 : 0)];

    /// <summary>[T]: the tokens, padding in front.</summary>
    public int[] TokenIds() => [.. Enumerable.Repeat(_padId, Length - TokenCount), .. _ids];

    /// <summary>Copies a row; zeros for padding.</summary>
    /// <param name="row">0 .. <see cref="Length"/> − 1.</param>
    /// <param name="destination"><see cref="Width"/> elements.</param>
    public void CopyRow(int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Length, nameof(row));
        if (IsToken(row))
        {
            _features.CopyRow(row - (Length - TokenCount), destination);
        }
        else
        {
            destination[..Width].Clear();
        }
    }

    /// <summary>The whole tensor [1, T, width], row-major: 770 MB for the 12b and 1024 rows; <see cref="CopyRow"/> needs less.</summary>
    /// <exception cref="OutOfMemoryException">It does not fit an array.</exception>
    public float[] ToArray()
    {
        float[] all = new float[(long)Length * Width];
        for (int row = 0; row < Length; row++)
        {
            CopyRow(row, all.AsSpan(row * Width, Width));
        }

        return all;
    }
}
