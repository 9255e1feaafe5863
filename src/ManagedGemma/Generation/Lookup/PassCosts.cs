namespace ManagedGemma.Generation.Lookup;

/// <summary>What passes of so many generated tokens take, learnt from those that ran: running means, straight lines between them.</summary>
internal sealed class PassCosts
{
    /// <summary>Tokens of a pass for which a mean is kept.</summary>
    public const int MostRows = 64;

    private const double Weight = 0.2;

    private readonly double[] _seconds = new double[MostRows + 1];

    /// <summary>Tells what a pass took.</summary>
    public void Add(int rows, double seconds)
    {
        if (rows is > 0 and <= MostRows && seconds > 0)
        {
            double known = _seconds[rows];

            // A pass that was held up says nothing about the next: it counts no more than twice what is known.
            _seconds[rows] = known == 0 ? seconds : known + (Weight * (Math.Min(seconds, 2 * known) - known));
        }
    }

    /// <summary>
    /// What a pass will take; 0 while nothing is known. More tokens than ever went at once are taken to cost no more than the most that did:
    /// so it is tried, and then it is known.
    /// </summary>
    public double Seconds(int rows)
    {
        int below = Math.Min(rows, MostRows), above = below;
        while (below > 0 && _seconds[below] == 0)
        {
            below--;
        }

        while (above <= MostRows && _seconds[above] == 0)
        {
            above++;
        }

        return (below > 0, above <= MostRows) switch
        {
            (true, true) when above > below => _seconds[below] + ((_seconds[above] - _seconds[below]) * (rows - below) / (above - below)),
            (true, _) => _seconds[below],
            (_, true) => _seconds[above],
            _ => 0,
        };
    }
}
