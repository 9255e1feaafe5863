namespace ManagedGemma.Ltx.Formats;

/// <summary>What was computed of a prompt: all that a <see cref="ConditioningFormat"/> needs, and no more.</summary>
public sealed class ConditioningResult
{
    /// <summary>T: rows, padding or register slots included.</summary>
    public required int Length { get; init; }

    /// <summary>The prompt's tokens, without padding.</summary>
    public required int TokenCount { get; init; }

    /// <summary>The prompt as it came, for formats that keep it; null where it was given in ids.</summary>
    public string? Prompt { get; init; }

    /// <summary>The raw hidden states; null unless wanted.</summary>
    public StackedStates? HiddenStates { get; init; }

    /// <summary>The embeddings before the connectors; null unless wanted.</summary>
    public LtxProjection? Projection { get; init; }

    /// <summary>The connectors' outputs; null unless wanted.</summary>
    public LtxConditioning? Context { get; init; }

    /// <summary>Which parts there are.</summary>
    public ConditioningParts Parts =>
        (HiddenStates is null ? ConditioningParts.None : ConditioningParts.HiddenStates)
        | (Projection is null ? ConditioningParts.None : ConditioningParts.Projection)
        | (Context is null ? ConditioningParts.None : ConditioningParts.Context);

    /// <summary>The sizes of the parts that there are.</summary>
    public ConditioningShape Shape => new(
        Length,
        Context?.Video.Width ?? Projection?.Video.Width ?? 0,
        Context?.Audio.Width ?? Projection?.Audio.Width ?? 0,
        HiddenStates?.Shape.HiddenSize ?? 0,
        HiddenStates?.Shape.States ?? 0);

    /// <summary>Whether a row of padded rows belongs to the prompt: the last ones do.</summary>
    internal bool IsToken(int row) => row >= Length - TokenCount;
}
