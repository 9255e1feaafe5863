namespace ManagedGemma.Generation;

/// <summary>
/// Whether tokens that follow an earlier occurrence of the last few tokens are tried several at a time. They are checked, never
/// believed: the text is the same, bit for bit, with and without.
/// </summary>
public enum PromptLookup
{
    /// <summary>Where it pays: as many candidates as the times measured and the hits so far promise to be worth it, often none.</summary>
    Auto,

    /// <summary>One token at a time.</summary>
    Off,

    /// <summary>Wherever there are candidates, as many as fit a pass.</summary>
    On,
}
