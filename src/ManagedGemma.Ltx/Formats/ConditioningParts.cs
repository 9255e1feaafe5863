namespace ManagedGemma.Ltx.Formats;

/// <summary>What of a prompt a format holds, and so what has to be computed for it.</summary>
[Flags]
public enum ConditioningParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The encoder's raw hidden states; the LTX checkpoint is not needed for them.</summary>
    HiddenStates = 1,

    /// <summary>The embeddings before the connectors.</summary>
    Projection = 2,

    /// <summary>The connectors' outputs.</summary>
    Context = 4,
}
