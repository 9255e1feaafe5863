using System.Globalization;
using ManagedGemma.Comparison;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace ManagedGemma.Plots;

/// <summary>A picture of a comparison: the relative L2 of every token in every state, states downwards in their order.</summary>
public sealed class StateHeatmap
{
    /// <summary>The most columns that a picture has: what <see cref="ComparisonOptions.HeatColumns"/> should be.</summary>
    public const int MostColumns = 1024;

    // Sixteen pixels a state: a picture of 4,200.
    private const int MostStates = 256;
    private const int RowHeight = 16, Width = 1200, Frame = 140, LeastHeight = 320;

    // Of usual systems; ScottPlot's own choice may have serifs where it finds none of its favourites.
    private static readonly string[] Sans = ["DejaVu Sans", "Liberation Sans", "Noto Sans", "Segoe UI", "Helvetica Neue", "Arial"];

    private readonly List<StateComparison> _states;
    private readonly double _tolerance;

    /// <summary>Chooses the states: those of one number of tokens, the one that most have, in order; at most 256.</summary>
    /// <param name="comparison">Made with <see cref="ComparisonOptions.HeatColumns"/>.</param>
    /// <param name="tolerance">What the comparison held against.</param>
    /// <exception cref="GemmaException">There is nothing to draw: no state was compared.</exception>
    public StateHeatmap(TensorComparison comparison, double tolerance)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        _states = comparison.States
            .Where(x => x.Heat is not null)
            .GroupBy(x => x.Rows)
            .OrderByDescending(x => x.Count())
            .ThenByDescending(x => x.Key)
            .FirstOrDefault()?.Take(MostStates).ToList() ?? throw new GemmaException("there is nothing to draw: no state was compared token by token");
        _tolerance = tolerance;
    }

    /// <summary>States in the picture.</summary>
    public int States => _states.Count;

    /// <summary>Tokens of each of them.</summary>
    public long Tokens => _states[0].Rows;

    /// <summary>Whether the last picture has words: not on a system without fonts.</summary>
    public bool HasText { get; private set; }

    /// <summary>Draws.</summary>
    /// <param name="stream">Takes a PNG file.</param>
    /// <exception cref="GemmaException">The native library that draws is not beside the program.</exception>
    public void WritePng(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            using Plot plot = new();
            Fill(plot);
            stream.Write(plot.GetImageBytes(Width, Math.Max(LeastHeight, (States * RowHeight) + Frame), ImageFormat.Png));
        }
        catch (Exception exception) when (IsMissingLibrary(exception))
        {
            throw new GemmaException("pictures cannot be drawn here", expected: "SkiaSharp's native library beside the program", innerException: exception);
        }
    }

    // What is not found when a type is first used comes inside as many exceptions as types waited for it.
    private static bool IsMissingLibrary(Exception? exception) =>
        exception is DllNotFoundException || (exception is TypeInitializationException && IsMissingLibrary(exception.InnerException));

    private void Fill(Plot plot)
    {
        (int least, int most) = Decades();
        double[,] cells = new double[States, _states[0].Heat!.Count];
        for (int state = 0; state < States; state++)
        {
            for (int column = 0; column < cells.GetLength(1); column++)
            {
                cells[state, column] = Math.Clamp(Math.Log10(_states[state].Heat![column]), least, most);
            }
        }

        string[] fonts = [.. SKFontManager.Default.FontFamilies];
        HasText = fonts.Length > 0;
        plot.Font.Set(Sans.FirstOrDefault(fonts.Contains) ?? Fonts.Default);
        Heatmap heatmap = plot.Add.Heatmap(cells);
        heatmap.Colormap = new ScottPlot.Colormaps.Viridis();
        heatmap.ManualRange = new ScottPlot.Range(least, most);
        heatmap.NaNCellColor = Colors.LightGray;

        // A column is several tokens where there are more of them than columns.
        double tokensAColumn = (double)Tokens / cells.GetLength(1);
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic
        {
            IntegerTicksOnly = true,
            LabelFormatter = x => Math.Round(x * tokensAColumn).ToString(CultureInfo.InvariantCulture),
        };
        plot.Axes.SetLimits(-0.5, cells.GetLength(1) - 0.5, -0.5, States - 0.5);
        plot.HideGrid();
        plot.Title(string.Create(CultureInfo.InvariantCulture, $"Relative L2 of every token, |A - B| / |B|; tolerance {_tolerance} a state"));
        plot.XLabel("token, padding counted");
        Label(plot);
        ScottPlot.Panels.ColorBar bar = plot.Add.ColorBar(heatmap);
        NumericManual decades = new();
        for (int decade = least; decade <= most; decade++)
        {
            decades.AddMajor(decade, decade == least ? string.Create(CultureInfo.InvariantCulture, $"1e{decade} or less") : string.Create(CultureInfo.InvariantCulture, $"1e{decade}"));
        }

        bar.Axis.TickGenerator = decades;
    }

    // The first state is at the top, which is the highest place of the axis.
    private void Label(Plot plot)
    {
        NumericManual names = new();
        for (int state = 0; state < States; state++)
        {
            bool isOutside = _states[state].Verdict != StateVerdict.Within;
            names.AddMajor(States - 1 - state, (isOutside ? "outside  " : string.Empty) + Shown(_states[state].Name));
        }

        plot.Axes.Left.TickGenerator = names;
    }

    private (int Least, int Most) Decades()
    {
        double[] logarithms = [.. _states.SelectMany(x => x.Heat!).Where(x => x > 0 && float.IsFinite(x)).Select(x => Math.Log10(x)), Math.Log10(Math.Max(_tolerance, 1e-12))];
        int least = (int)Math.Floor(logarithms.Min()), most = (int)Math.Ceiling(logarithms.Max());
        return (Math.Max(least, most - 12), Math.Max(most, least + 1));
    }

    private static string Shown(string name)
    {
        const int Longest = 48;
        string shown = string.Concat(name.Select(x => char.IsControl(x) ? '?' : x));
        return shown.Length > Longest ? string.Concat("…", shown.AsSpan(shown.Length - Longest)) : shown;
    }
}
