using System.IO.Enumeration;
using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;
using ManagedGemma.Comparison.States;
using ManagedGemma.Comparison.Statistics;

namespace ManagedGemma.Comparison;

/// <summary>
/// Holds two sets of tensors against each other, state by state, in float64. Files are read once, in runs: memory does not grow
/// with them.
/// </summary>
public static class TensorComparer
{
    /// <summary>Compares.</summary>
    /// <param name="a">What is looked at.</param>
    /// <param name="b">The reference.</param>
    /// <param name="options">What is compared, and what is equal.</param>
    /// <param name="progress">Told every few megabytes.</param>
    /// <param name="cancellation">Looked at every few thousand elements.</param>
    /// <exception cref="GemmaException">A file cannot be read; nothing is of the names that were asked for; no features are of so many
    /// states; padding is to be skipped and no mask tells what it is.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TensorComparison Compare(
        INamedTensors a,
        INamedTensors b,
        ComparisonOptions options,
        IProgress<ComparisonProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentNullException.ThrowIfNull(options);
        StateFinder finder = new(a, b, options.States);
        bool isPaired = a.Tensors is [{ } onlyA] && b.Tensors is [{ } onlyB] && onlyA.Name != onlyB.Name;
        List<StateView> statesA = finder.Find(a, a.Tensors, x => x.Name);
        Dictionary<string, StateView> statesB = finder.Find(b, b.Tensors, x => isPaired ? a.Tensors[0].Name : x.Name).ToDictionary(x => x.Name, StringComparer.Ordinal);
        if (options.States is { } count && !finder.HasSplitFeatures)
        {
            throw new GemmaException("no features on either side are of so many states", b.Path, expected: $"a width that {count} divides");
        }

        HashSet<string> wanted = [.. statesA.Concat(statesB.Values).Where(x => IsWanted(x, options.Patterns)).Select(x => x.Name)];
        if (wanted.Count == 0 && options.Patterns.Count > 0)
        {
            throw new GemmaException("no tensor on either side has such a name", b.Path, Untrusted.Show(string.Join(", ", options.Patterns)));
        }

        IEnumerable<StateView> sorted = statesA
            .Where(x => wanted.Contains(x.Name))
            .OrderBy(x => x.Name.StartsWith("hidden_", StringComparison.Ordinal) ? 0 : 1)
            .ThenBy(x => x.Name, NaturalOrder.Instance);
        List<StatePair> pairs = [];
        List<string> onlyInA = [];
        foreach (StateView state in sorted)
        {
            if (statesB.Remove(state.Name, out StateView? other))
            {
                pairs.Add(new StatePair(state, other));
            }
            else
            {
                onlyInA.Add(state.Name);
            }
        }

        StateComparer comparer = new(
            options, options.SkipsPadding ? PaddingMask.Read(a, b) : null, pairs.Sum(x => x.Bytes), progress, cancellation);
        return new TensorComparison(
            comparer.Run(pairs),
            onlyInA,
            [.. statesB.Keys.Where(wanted.Contains).Order(NaturalOrder.Instance)],
            isPaired ? b.Tensors[0].Name : null,
            comparer.DoneBytes);
    }

    private static bool IsWanted(StateView state, IReadOnlyList<string> patterns) =>
        patterns.Count == 0 || patterns.Any(x => Matches(x, state.Name) || Matches(x, state.Tensor.Name));

    private static bool Matches(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
}
