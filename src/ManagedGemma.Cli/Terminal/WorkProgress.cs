namespace ManagedGemma.Cli.Terminal;

/// <summary>How far some work is.</summary>
/// <param name="Done">What is done, in any unit.</param>
/// <param name="Total">What is done at the end, in the same unit.</param>
/// <param name="Description">In a few words: what is under way.</param>
internal readonly record struct WorkProgress(double Done, double Total, string Description);
