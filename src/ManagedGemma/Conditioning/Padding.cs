namespace ManagedGemma.Conditioning;

/// <summary>Whether outputs are filled up to the maximal length.</summary>
public enum Padding
{
    /// <summary>Zero rows in front, as LTX pipelines expect.</summary>
    Left,

    /// <summary>Only the prompt's own rows.</summary>
    None,
}
