using System.Globalization;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Comparison;

namespace ManagedGemma.Cli.Output;

/// <summary>A comparison for people.</summary>
internal static class CompareSections
{
    private const int MostNames = 8;

    // The 27b has 63 states; a checkpoint has hundreds of tensors, of which those that matter are shown.
    private const int MostStates = 100;
    private const int MostIfMany = 20;

    /// <summary>The tables, in order.</summary>
    public static IEnumerable<Section> Of(string a, string b, TensorComparison comparison, ComparisonOptions options)
    {
        List<StateComparison> shown = Shown(comparison);
        if (shown.Count > 0)
        {
            yield return States(comparison, shown);
        }

        StateComparison? detailed = comparison.States.FirstOrDefault(x => x.Verdict != StateVerdict.Within && x.WorstRows.Count > 0)
            ?? (comparison.Worst is { WorstRows.Count: > 0 } worst ? worst : null);
        if (detailed is not null)
        {
            yield return Worst(detailed);
        }

        yield return Section.Of(string.Empty, Facts(a, b, comparison, options, shown.Count, detailed));
    }

    /// <summary>What is worth a warning: what was not compared as a reader might think.</summary>
    public static IEnumerable<string> Warnings(TensorComparison comparison)
    {
        if (comparison.PairedWith is { } name)
        {
            yield return $"each side has one tensor, of another name: {comparison.States.Select(x => x.Name).FirstOrDefault()} is held against {name}";
        }

        string[] types = [.. comparison.States.Where(x => x.TypeA != x.TypeB).Select(x => $"{Type(x.TypeA)} against {Type(x.TypeB)}").Distinct()];
        if (types.Length > 0)
        {
            yield return $"types differ ({string.Join(", ", types)}): values are compared, widened to float64";
        }
    }

    private static List<StateComparison> Shown(TensorComparison comparison)
    {
        IReadOnlyList<StateComparison> all = comparison.States;
        if (all.Count <= MostStates)
        {
            return [.. all];
        }

        HashSet<StateComparison> chosen = [.. all.Where(x => x.Verdict != StateVerdict.Within).Take(MostStates)];
        if (chosen.Count == 0)
        {
            chosen.UnionWith(all.OrderByDescending(x => x.RelativeL2 ?? 0).Take(MostIfMany));
        }

        return [.. all.Where(chosen.Contains)];
    }

    private static Section States(TensorComparison comparison, List<StateComparison> shown) => new(
        string.Empty,
        ["state", ">max abs", ">rel. L2", ">cosine", "note"],
        [.. shown.Select(x => (IReadOnlyList<string>)
            [x.Name, x.Verdict == StateVerdict.ShapesDiffer ? "-" : Number(x.MaxAbs), Number(x.RelativeL2), Cosine(x.Cosine), Note(x, comparison)])])
    {
        Marked = shown.Index().Where(x => x.Item.Verdict != StateVerdict.Within).Select(x => x.Index).ToHashSet(),
    };

    private static string Note(StateComparison state, TensorComparison comparison)
    {
        List<string> notes = [];
        if (state.Verdict != StateVerdict.Within)
        {
            notes.Add(ReferenceEquals(state, comparison.FirstOutside) ? "OUTSIDE, the first" : "OUTSIDE");
        }

        if (state.Verdict == StateVerdict.ShapesDiffer)
        {
            notes.Add($"shapes {Shape(state.ShapeA)} and {Shape(state.ShapeB)}");
        }

        if (state.Differing is > 0)
        {
            notes.Add($"{Amount.Count(state.Differing.Value)} of {Amount.Count(state.Compared)} differ");
        }

        if (state.NonFiniteAt is { } place)
        {
            notes.Add($"{Amount.Count(state.NonFiniteDifferences)} NaN or infinity against something else, the first at token {place.Row}, channel {place.Channel}");
        }

        if (state.EqualNaNs > 0)
        {
            notes.Add($"{Amount.Count(state.EqualNaNs)} NaN on both sides");
        }

        if (state.EqualInfinities > 0)
        {
            notes.Add($"{Amount.Count(state.EqualInfinities)} equal infinities");
        }

        if (state.ZeroRowsOnlyInA + state.ZeroRowsOnlyInB > 0)
        {
            notes.Add($"rows of zeros only in A {Amount.Count(state.ZeroRowsOnlyInA)}, only in B {Amount.Count(state.ZeroRowsOnlyInB)}: padding?");
        }

        if (state.Compared == 0 && state.Verdict == StateVerdict.Within)
        {
            notes.Add("nothing to compare");
        }

        return string.Join("; ", notes);
    }

    private static Section Worst(StateComparison state)
    {
        List<IReadOnlyList<string>> rows = [];
        for (int i = 0; i < Math.Max(state.WorstRows.Count, state.WorstChannels.Count); i++)
        {
            rows.Add([.. Cells(state.WorstRows, i), .. Cells(state.WorstChannels, i)]);
        }

        return new Section(
            $"Where {state.Name} differs most", [">token", ">of the error", ">rel. L2", ">channel", ">of the error", ">rel. L2"], rows);

        static string[] Cells(IReadOnlyList<WorstPart> parts, int index) => index < parts.Count
            ? [Amount.Count(parts[index].Index), Percent(parts[index].Share), Number(parts[index].RelativeL2)]
            : [string.Empty, string.Empty, string.Empty];
    }

    private static IEnumerable<(string Name, string Value)> Facts(
        string a, string b, TensorComparison comparison, ComparisonOptions options, int shown, StateComparison? detailed)
    {
        yield return ("A", a);
        yield return ("B, the reference", b);
        int count = comparison.States.Count;
        string rest = shown == count ? string.Empty : comparison.FirstOutside is null ? $"; shown are the {shown} worst" : $"; shown are {shown} outside";
        yield return ("compared", $"{Amount.Count(count)} {(count == 1 ? "state or tensor" : "states and tensors")}, {Amount.Bytes(comparison.Bytes)}{rest}");
        // Not of a mask, which is one row.
        long zero = comparison.States.Where(x => !x.IsExact).Select(x => x.ZeroRows).DefaultIfEmpty().Max();
        if (zero > 0)
        {
            yield return ("rows of zeros", $"up to {Amount.Count(zero)} of a state, on both sides");
        }

        long skipped = comparison.States.Select(x => x.SkippedRows).DefaultIfEmpty().Max();
        if (skipped > 0)
        {
            yield return ("rows of padding", $"{Amount.Count(skipped)}, left out");
        }

        foreach ((string name, IReadOnlyList<string> names) in new[] { ("only in A", comparison.OnlyInA), ("only in B", comparison.OnlyInB) })
        {
            if (names.Count > 0)
            {
                yield return (name, List(names));
            }
        }

        if (detailed?.MaxAbsAt is { } place)
        {
            yield return ("largest difference", $"of {detailed.Name}: {Number(detailed.MaxAbs)} at token {Amount.Count(place.Row)}, channel {Amount.Count(place.Channel)}");
        }

        string most = options.MaxAbs is { } limit ? $", max abs {Given(limit)}" : string.Empty;
        yield return ("tolerance", $"relative L2 {Given(options.Tolerance)}{most}");
        yield return ("result", Result(comparison));
    }

    private static string Result(TensorComparison comparison)
    {
        if (comparison.IsWithin)
        {
            return "within tolerance";
        }

        List<string> reasons = [];
        if (comparison.FirstOutside is { } first)
        {
            int outside = comparison.States.Count(x => x.Verdict != StateVerdict.Within);
            reasons.Add($"{Amount.Count(outside)} of {Amount.Count(comparison.States.Count)}, the first is {first.Name}");
        }

        if (comparison.OnlyInA.Count + comparison.OnlyInB.Count > 0)
        {
            reasons.Add($"{Amount.Count(comparison.OnlyInA.Count + comparison.OnlyInB.Count)} on one side only");
        }

        return $"OUTSIDE tolerance: {string.Join("; ", reasons)}";
    }

    private static string List(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostNames)) + (names.Count > MostNames ? $" and {Amount.Count(names.Count - MostNames)} more" : string.Empty);

    private static string Shape(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape.Select(x => x.ToString(CultureInfo.InvariantCulture)))}]";

    private static string Type(ElementType type) => type.ToSafetensorsName();

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Number(double? value) => value switch
    {
        null => "-",
        0 => "0",
        double.PositiveInfinity => "infinite",
        _ => value.Value.ToString("0.00e+00", CultureInfo.InvariantCulture),
    };

    private static string Given(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Cosine(double? value) => value?.ToString("0.000000000", CultureInfo.InvariantCulture) ?? "-";
}
