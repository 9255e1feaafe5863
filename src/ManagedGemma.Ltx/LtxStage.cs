namespace ManagedGemma.Ltx;

/// <summary>The parts of a conditioning.</summary>
public enum LtxStage
{
    /// <summary>The decoder's layers; the projection grows beside them.</summary>
    Encoder,

    /// <summary>The video connector's blocks.</summary>
    VideoConnector,

    /// <summary>The audio connector's blocks.</summary>
    AudioConnector,
}
