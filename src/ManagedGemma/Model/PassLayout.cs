namespace ManagedGemma.Model;

/// <summary>
/// How the tokens of some sequences lie in one pass, and how attention is cut into tasks. Sequences that meet unpacked matrices token by
/// token come first.
/// </summary>
internal sealed class PassLayout
{
    /// <summary>Queries of an attention task.</summary>
    public const int QueryTileTokens = 24;

    /// <summary>Lays out sequences, given as (tokens in this pass, tokens before it).</summary>
    public PassLayout(IReadOnlyList<(int Count, int Start)> sequences)
        : this([.. sequences.Select(sequence => (sequence.Count, sequence.Start, sequence.Count == 1))])
    {
    }

    /// <summary>Lays out sequences, given as (tokens in this pass, tokens before it, whether they go one by one).</summary>
    public PassLayout(IReadOnlyList<(int Count, int Start, bool ByRow)> sequences)
    {
        Sequences = new SequenceSlice[sequences.Count];
        foreach (bool byRow in new[] { true, false })
        {
            for (int i = 0; i < Sequences.Length; i++)
            {
                SequenceSlice slice = new(Rows, sequences[i].Count, sequences[i].Start, sequences[i].ByRow);
                if (slice.ByRow == byRow)
                {
                    Sequences[i] = slice;
                    Rows += slice.Count;
                }
            }

            SingleRows = byRow ? Rows : SingleRows;
        }

        Pages = [.. Enumerable.Range(0, Sequences.Length).SelectMany(CutPages)];
        QueryTiles = [.. Enumerable.Range(0, Sequences.Length).SelectMany(CutQueries).OrderByDescending(tile => tile.First + tile.Count)];
    }

    /// <summary>In the order in which they were given.</summary>
    public SequenceSlice[] Sequences { get; }

    /// <summary>Tokens in all.</summary>
    public int Rows { get; private set; }

    /// <summary>How many of the first rows meet unpacked matrices one by one.</summary>
    public int SingleRows { get; private set; }

    /// <summary>The parts of key and value pages that this pass writes.</summary>
    public PositionRange[] Pages { get; }

    /// <summary>Queries in tasks; those that see most keys first, so that no worker is left with one at the end.</summary>
    public PositionRange[] QueryTiles { get; }

    /// <summary>One past the last position of any sequence.</summary>
    public int Positions => Sequences.Max(slice => slice.End);

    private IEnumerable<PositionRange> CutPages(int sequence)
    {
        SequenceSlice slice = Sequences[sequence];
        for (int first = slice.Start; first < slice.End;)
        {
            int end = Math.Min(((first / KeyValues.PageTokens) + 1) * KeyValues.PageTokens, slice.End);
            yield return new PositionRange(sequence, first, end - first);
            first = end;
        }
    }

    private IEnumerable<PositionRange> CutQueries(int sequence)
    {
        SequenceSlice slice = Sequences[sequence];
        for (int first = slice.Start; first < slice.End; first += QueryTileTokens)
        {
            yield return new PositionRange(sequence, first, Math.Min(QueryTileTokens, slice.End - first));
        }
    }
}
