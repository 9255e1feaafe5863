namespace ManagedGemma.Cli.Output;

/// <summary>Names of the parts.</summary>
internal static class CheckpointPartExtensions
{
    /// <summary>As reports call it.</summary>
    public static string Name(this CheckpointPart part) => part switch
    {
        CheckpointPart.Embedding => "embedding",
        CheckpointPart.Attention => "attention",
        CheckpointPart.FeedForward => "feed-forward",
        CheckpointPart.Norms => "norms",
        CheckpointPart.Head => "head",
        _ => "ignored",
    };
}
