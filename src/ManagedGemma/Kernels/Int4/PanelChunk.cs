namespace ManagedGemma.Kernels.Int4;

/// <summary>What is transposed at once: some groups of one panel's rows.</summary>
/// <param name="Panel">The panel's index among the rows of a call.</param>
/// <param name="FirstGroup">Its first group, an even number.</param>
/// <param name="Groups">How many groups.</param>
/// <param name="MostGroups">How many groups a chunk has at most.</param>
/// <param name="NextPanel">The panel of the chunk after this: the call's next, or the one behind its last.</param>
/// <param name="NextFirstGroup">The first group of the chunk after this.</param>
internal readonly record struct PanelChunk(int Panel, int FirstGroup, int Groups, int MostGroups, int NextPanel, int NextFirstGroup);
