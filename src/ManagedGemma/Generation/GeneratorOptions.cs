namespace ManagedGemma.Generation;

/// <summary>How a generator is set up.</summary>
public sealed record GeneratorOptions
{
    /// <summary>Sequences that share passes over the weights, at most; others wait for their turn. Each has its own keys and values.</summary>
    public int MaxSequences { get; init; } = 16;

    /// <summary>Tokens of a prompt that go through a pass at once, at most: bounds the memory of buffers. Changes no bit of the result.</summary>
    public int PromptTokens { get; init; } = 512;

    /// <summary>Whether the model stays open when the generator is disposed: it belongs to somebody else.</summary>
    public bool LeaveModelOpen { get; init; }
}
