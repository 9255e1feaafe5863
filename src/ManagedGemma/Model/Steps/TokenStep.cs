namespace ManagedGemma.Model.Steps;

/// <summary>How steps that go token by token are cut into tasks: four at a time.</summary>
internal static class TokenStep
{
    /// <summary>Tokens of a task.</summary>
    public const int Tokens = 4;

    /// <summary>Tasks for a number of tokens.</summary>
    public static int Tasks(int tokens) => (tokens + Tokens - 1) / Tokens;

    /// <summary>A task's tokens: first, and one past the last.</summary>
    public static (int First, int End) Range(int task, int tokens) => (task * Tokens, Math.Min((task + 1) * Tokens, tokens));
}
