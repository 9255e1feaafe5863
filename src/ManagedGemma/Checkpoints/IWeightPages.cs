namespace ManagedGemma.Checkpoints;

/// <summary>The weights of successive steps, of which the next ones' pages can be asked for and the last ones' given back. Thread-safe.</summary>
internal interface IWeightPages
{
    /// <summary>Starts reading a step's pages where they are not in memory.</summary>
    /// <param name="step">From 0; beyond the last there is nothing to read.</param>
    /// <returns>The request, which must have ended before the files are closed; null when there is nothing to read.</returns>
    Task? ReadAhead(int step);

    /// <summary>Gives a step's pages back.</summary>
    void Release(int step);
}
