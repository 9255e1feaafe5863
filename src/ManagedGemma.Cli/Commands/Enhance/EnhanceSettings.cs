using ManagedGemma.Caching;

namespace ManagedGemma.Cli.Commands.Enhance;

/// <summary>How prompts are enhanced.</summary>
/// <param name="System">Instructions; null: the program's own.</param>
/// <param name="Seed">Which of the possible texts.</param>
/// <param name="Cache">Answers of earlier runs; null: none.</param>
internal sealed record EnhanceSettings(string? System, long Seed, ResultCache? Cache);
