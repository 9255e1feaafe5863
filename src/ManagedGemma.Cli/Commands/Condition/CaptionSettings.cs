using ManagedGemma.Cli.Input.Captions;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>What was asked for with <c>--captions</c>.</summary>
/// <param name="File">The captions; <c>-</c> is standard input.</param>
/// <param name="Format">How they are written down.</param>
/// <param name="Columns">What columns or keys are called.</param>
/// <param name="Shard">Which of them.</param>
/// <param name="Overwrites">Whether outputs that are there already are made anew.</param>
/// <param name="IsDryRun">Whether only to tell what would be done.</param>
internal sealed record CaptionSettings(
    string File, CaptionFormat Format, CaptionColumns Columns, Shard Shard, bool Overwrites, bool IsDryRun);
