namespace ManagedGemma.Model;

/// <summary>One hidden state, in the decoder's own memory: it is overwritten once the sink returns.</summary>
public readonly ref struct HiddenState
{
    internal HiddenState(HiddenStateStage stage, int block, int? index, ReadOnlySpan<float> values)
    {
        Stage = stage;
        Block = block;
        Index = index;
        Values = values;
    }

    /// <summary>Where it comes from.</summary>
    public HiddenStateStage Stage { get; }

    /// <summary>The block whose output it is, from 0; −1 for embeddings and final norm.</summary>
    public int Block { get; }

    /// <summary>
    /// Its place among the layers + 1 hidden states; null for the one that is not among them: the last block's raw output,
    /// or its norm, as the rules say.
    /// </summary>
    public int? Index { get; }

    /// <summary>[tokens, hidden size], row-major.</summary>
    public ReadOnlySpan<float> Values { get; }
}
