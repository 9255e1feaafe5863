namespace ManagedGemma.Kernels.Int4;

/// <summary>What is transposed at once: some groups of one panel's rows; and the tokens that pass over it.</summary>
/// <param name="Panel">The panel's index among the rows of a call.</param>
/// <param name="FirstGroup">Its first group, an even number.</param>
/// <param name="Groups">How many groups.</param>
/// <param name="MostGroups">How many groups a chunk has at most.</param>
/// <param name="FirstToken">The first token.</param>
/// <param name="EndToken">One past the last token.</param>
/// <param name="NextPanel">The panel of the chunk after this: the call's next, or the one behind its last.</param>
/// <param name="NextFirstGroup">The first group of the chunk after this.</param>
internal readonly record struct PanelChunk(
    int Panel, int FirstGroup, int Groups, int MostGroups, int FirstToken, int EndToken, int NextPanel, int NextFirstGroup);
