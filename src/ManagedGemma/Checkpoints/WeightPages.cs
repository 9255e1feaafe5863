namespace ManagedGemma.Checkpoints;

/// <summary>Where the weights of successive steps lie in the files: of a decoder's layers, of a connector's matrices.</summary>
internal sealed class WeightPages : IWeightPages
{
    // What lies between a step's matrices, norms mostly, is not worth a range of its own.
    private const long Gap = 256 << 10;

    private readonly FileRange[][] _steps;

    /// <summary>Ranges of all steps.</summary>
    public WeightPages(IEnumerable<IEnumerable<FileRange>> steps) => _steps = [.. steps.Select(step => FileRange.Merge(step, Gap).ToArray())];

    /// <summary>The ranges of each step, neighbours made one.</summary>
    public IReadOnlyList<IReadOnlyList<FileRange>> Steps => _steps;

    /// <summary>Weights that are used all at once, in equal parts: to be asked for one by one, so that who reads beside is not held up.</summary>
    public static WeightPages InParts(IReadOnlyCollection<FileRange> ranges, int parts) =>
        new(Enumerable.Range(0, parts).Select(part => ranges.Select(range => range.Part(part, parts))));

    /// <inheritdoc/>
    public Task? ReadAhead(int step)
    {
        if (step >= _steps.Length)
        {
            return null;
        }

        FileRange[] missing = Array.FindAll(_steps[step], range => !range.IsCached());
        return missing.Length == 0 ? null : Task.Run(() => Array.ForEach(missing, range => range.ReadAhead()));
    }

    /// <inheritdoc/>
    public void Release(int step) => Array.ForEach(_steps[step], range => range.Release());
}
