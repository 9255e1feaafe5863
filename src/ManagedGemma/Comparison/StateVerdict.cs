namespace ManagedGemma.Comparison;

/// <summary>What became of a state.</summary>
public enum StateVerdict
{
    /// <summary>Within tolerance.</summary>
    Within,

    /// <summary>Beyond the tolerance, a number against something that is none, or whole numbers that differ.</summary>
    Outside,

    /// <summary>The shapes differ; nothing was compared.</summary>
    ShapesDiffer,
}
