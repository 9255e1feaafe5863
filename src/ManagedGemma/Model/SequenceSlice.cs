namespace ManagedGemma.Model;

/// <summary>Some tokens of one sequence that go through a pass: rows <c>Row .. Row + Count − 1</c> of its buffers.</summary>
/// <param name="Row">The first token's row.</param>
/// <param name="Count">How many, at least 1.</param>
/// <param name="Start">The first token's position: how many came before, in earlier passes.</param>
/// <param name="ByRow">Whether its tokens meet unpacked matrices one by one; from the sequence alone, whatever else is in the pass.</param>
internal readonly record struct SequenceSlice(int Row, int Count, int Start, bool ByRow)
{
    /// <summary>One past the last token's position.</summary>
    public int End => Start + Count;
}
