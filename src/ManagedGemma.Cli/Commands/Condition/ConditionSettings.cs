using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Formats;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>How prompts are conditioned and written, with the command line's own words for reports.</summary>
internal sealed record ConditionSettings
{
    /// <summary>The LTX checkpoint; null where the format does without.</summary>
    public required string? LtxPath { get; init; }

    public required ConditioningFormat Format { get; init; }

    public required LtxOptions Options { get; init; }

    public required string Profile { get; init; }

    public required string Precision { get; init; }

    /// <summary>Whether a prompt that is too long is an error.</summary>
    public required bool IsStrict { get; init; }
}
