using System.CommandLine;
using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Comparison;
using ManagedGemma.Comparison.Sources;
using ManagedGemma.Plots;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>compare</c>: how two files of tensors differ, state by state.</summary>
internal sealed class CompareCommand : Command
{
    private const int MostStates = 1024;
    private const int LongestTop = 1000;

    private readonly Argument<string> _a = new("a") { Description = "A .safetensors, .pt, .npy or .npz file, a directory of dumps (NAME.bin, NAME.meta), or one .bin of them.", HelpName = "A" };
    private readonly Argument<string> _b = new("b") { Description = "The reference that A is held against; as A.", HelpName = "B" };
    private readonly NumberOption _tolerance = new(
        "--tolerance", "The relative L2, |A - B| / |B|, that a state may have. Default: 1e-3.", ComparisonOptions.DefaultTolerance);

    private readonly NumberOption _maxAbs = new("--max-abs", "The difference that an element may have. Default: any.", null);
    private readonly Option<string[]> _tensors = new("--tensors")
    {
        Description = "Compare only tensors or states of such a name, with * and ?; may be given several times.",
        HelpName = "PATTERN",
    };

    private readonly CountOption _states = new(
        "--states", "States that take turns in a row of features. Default: as the files or the widths of Google's models say.", MostStates, null);

    private readonly Option<bool> _skipPadding = new("--skip-padding") { Description = "Leave out rows that the attention masks of both sides call padding." };
    private readonly CountOption _top = new("--top", "How many of the worst tokens and channels are told.", LongestTop, 5);
    private readonly Option<string> _plot = new("--plot")
    {
        Description = "Draw the relative L2 of every state and token as a PNG file.",
        HelpName = "FILE.png",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object instead of tables." };
    private readonly Option<bool> _quiet = CommonOptions.Quiet("Say nothing but warnings and errors; the exit code tells.");

    public CompareCommand(Host host, Interrupt interrupt)
        : base("compare", $"Tell how two files of hidden states, features or other tensors differ; exit code {ExitCode.Different} beyond the tolerance.")
    {
        Add(_a);
        Add(_b);
        foreach (Option option in new Option[] { _tolerance, _maxAbs, _tensors, _states, _skipPadding, _top, _plot, _json, _quiet })
        {
            Add(option);
        }

        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        string pathA = parse.GetRequiredValue(_a), pathB = parse.GetRequiredValue(_b);
        if (UsageErrors.UnknownOption(parse, [pathA, pathB]) is { } unknown)
        {
            throw new UsageException($"{unknown}; a path that begins with a dash goes after --");
        }

        if (pathA.Length == 0 || pathB.Length == 0)
        {
            throw new UsageException("A and B are paths, not empty texts");
        }

        string? plot = parse.GetValue(_plot);
        ComparisonOptions options = new()
        {
            Tolerance = parse.GetValue(_tolerance)!.Value,
            MaxAbs = parse.GetValue(_maxAbs),
            Patterns = parse.GetValue(_tensors) ?? [],
            States = parse.GetValue(_states),
            SkipsPadding = parse.GetValue(_skipPadding),
            Top = parse.GetValue(_top)!.Value,
            HeatColumns = plot is null ? 0 : StateHeatmap.MostColumns,
        };
        Screen screen = new(host, parse.GetValue(_quiet));
        using INamedTensors a = TensorSet.Open(pathA), b = TensorSet.Open(pathB);
        using AtomicFile? picture = plot is null ? null : AtomicFile.Create(NotAnInput(plot, a, b));
        interrupt.WhenGivenUp(() =>
        {
            picture?.Dispose();
            screen.RestoreCursor();
        });
        Stopwatch watch = Stopwatch.StartNew();
        TensorComparison comparison = WorkProgressView.Run(
            screen,
            new WorkProgress(0, 1, "compare"),
            (ComparisonProgress x) => new WorkProgress(x.DoneBytes, x.TotalBytes, $"{Amount.Bytes(x.DoneBytes)} of {Amount.Bytes(x.TotalBytes)}"),
            progress => TensorComparer.Compare(a, b, options, progress, interrupt.Token));
        double seconds = watch.Elapsed.TotalSeconds;
        foreach (string warning in CompareSections.Warnings(comparison))
        {
            screen.Warn(warning);
        }

        if (picture is not null)
        {
            Draw(screen, comparison, options, picture);
        }

        if (parse.GetValue(_json))
        {
            ReportJson.Print(host.Out, CompareReport.Of(pathA, pathB, comparison, options, seconds, plot, screen.Warnings), ReportJson.Default.CompareReport);
        }
        else if (!parse.GetValue(_quiet))
        {
            SectionWriter.ToOut(host, CompareSections.Of(pathA, pathB, comparison, options));
        }

        return comparison.IsWithin ? ExitCode.Done : ExitCode.Different;
    }

    private static string NotAnInput(string plot, INamedTensors a, INamedTensors b)
    {
        string target = Path.GetFullPath(plot);
        return a.Tensors.Concat(b.Tensors).Any(x => Path.GetFullPath(x.File) == target)
            ? throw new GemmaException("the picture would replace what is compared", plot)
            : plot;
    }

    private static void Draw(Screen screen, TensorComparison comparison, ComparisonOptions options, AtomicFile picture)
    {
        StateHeatmap heatmap = new(comparison, options.Tolerance);
        heatmap.WritePng(picture.Stream);
        picture.Commit();
        if (!heatmap.HasText)
        {
            screen.Warn("there are no fonts on this system: the picture has no words");
        }

        if (heatmap.States < comparison.States.Count(x => x.Heat is not null))
        {
            screen.Warn($"the picture shows {Amount.Count(heatmap.States)} states of {Amount.Count(heatmap.Tokens)} tokens, not those of other lengths or beyond");
        }
    }
}
