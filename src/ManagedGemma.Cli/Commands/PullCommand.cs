using System.CommandLine;
using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Hub;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>pull</c>: a model from the Hugging Face Hub into its cache.</summary>
internal sealed class PullCommand : Command
{
    private readonly Argument<string> _model = new("model")
    {
        Description = "The model on the hub. @REVISION: a branch, a tag or a commit; without it main.",
        HelpName = "OWNER/NAME[@REVISION]",
    };

    private readonly Option<string[]> _include = new("--include")
    {
        Description = "Take the files that match, as in 'text_encoder/*', instead of configuration, tokenizer and safetensors weights. May be repeated.",
        HelpName = "PATTERN",
    };

    private readonly Option<string[]> _exclude = new("--exclude") { Description = "Leave out the files that match. May be repeated.", HelpName = "PATTERN" };
    private readonly CountOption _files = new("--files", "Files downloaded at the same time.", 64, HubOptions.DefaultConcurrentFiles);
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object about the snapshot instead of its path." };
    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public PullCommand(Host host, Interrupt interrupt)
        : base("pull", "Download a model from the Hugging Face Hub into its cache, and print where it is.")
    {
        Add(_model);
        foreach (Option option in new Option[] { _include, _exclude, _files, _json, _quiet })
        {
            Add(option);
        }

        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        string model = parse.GetValue(_model)!;
        if (!HubReference.TryParse(model, out HubReference? reference))
        {
            throw new UsageException($"pull takes owner/name or owner/name@revision, not '{model}'");
        }

        Screen screen = new(host, parse.GetValue(_quiet));
        HubOptions options = HubOptions.FromEnvironment();
        options.MaxConcurrentFiles = parse.GetValue(_files)!.Value;
        HubSelection selection = new(parse.GetValue(_include) ?? [], parse.GetValue(_exclude) ?? []);
        interrupt.WhenGivenUp(screen.RestoreCursor);

        Stopwatch watch = Stopwatch.StartNew();
        using HubClient hub = new(options);
        HubSnapshot snapshot = PullProgressView.Run(screen, progress => hub.PullAsync(reference, selection, progress, interrupt.Token));
        PullReport report = new()
        {
            Repository = snapshot.Repository,
            Revision = snapshot.Revision,
            Commit = snapshot.Commit,
            Path = snapshot.Path,
            Files = [.. snapshot.Files.Select(x => new PullFile(x.Name, x.Length, x.Checksum, x.WasDownloaded))],
            Bytes = snapshot.Files.Sum(x => x.Length),
            ReceivedBytes = snapshot.ReceivedBytes,
            Seconds = watch.Elapsed.TotalSeconds,
        };
        screen.Show(Summary(report, reference));
        if (parse.GetValue(_json))
        {
            ReportJson.Print(host.Out, report, ReportJson.Default.PullReport);
        }
        else
        {
            host.Out.WriteLine(host.IsOutTerminal ? SafeText.Show(report.Path) : report.Path);
        }

        return ExitCode.Done;
    }

    private static Section Summary(PullReport report, HubReference reference)
    {
        string rate = report.ReceivedBytes > 0 && report.Seconds > 0 ? $", {Amount.Bytes((long)(report.ReceivedBytes / report.Seconds))}/s" : string.Empty;
        return Section.Of(
            string.Empty,
            ("model", $"{report.Repository}, {report.Revision}"),
            ("commit", report.Commit),
            ("files", $"{Amount.Count(report.Files.Count)}, {Amount.Bytes(report.Bytes)}"),
            ("downloaded", $"{Amount.Bytes(report.ReceivedBytes)} in {Amount.Seconds(report.Seconds)}{rate}"),
            ("use", $"--model {reference}"));
    }
}
