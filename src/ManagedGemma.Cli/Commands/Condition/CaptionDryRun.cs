using System.Diagnostics;
using System.Globalization;
using ManagedGemma.Cli.Commands.Batch;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Ltx.Formats;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>
/// <c>condition --captions --dry-run</c>: what a run would do. Nothing is written. The time comes from one short pass that is really run.
/// </summary>
internal static class CaptionDryRun
{
    private const int MostMeasuredTokens = 256;
    private const int MostLinesShown = 20;

    /// <summary>Looks and tells.</summary>
    /// <returns>The exit code: whether every caption can be conditioned.</returns>
    public static int Run(ConditionJob job, CaptionSettings captions)
    {
        BatchPrompt[] prompts = [.. CaptionBatch.Read(job, captions)];
        using CaptionModel model = new(job, captions);
        List<long> truncated = [];
        foreach (BatchPrompt prompt in prompts)
        {
            job.Interrupt.Token.ThrowIfCancellationRequested();
            try
            {
                if (prompt.Line.Problem is { } problem)
                {
                    throw problem;
                }

                // What is cut off is told by lines, not by its text.
                model.Prepare(prompt, _ => truncated.Add(prompt.Line.Number));
            }
            catch (GemmaException exception)
            {
                prompt.Fail(exception);
                job.Screen.Fail(prompt.Line.Problem is null ? $"{prompt.Label}: {exception.Message}" : exception.Message);
            }
        }

        CaptionPlan plan = Plan(job, model, prompts, truncated);
        if (job.PrintsJson)
        {
            ReportJson.Print(job.Host.Out, plan, ReportJson.Default.CaptionPlan);
        }
        else
        {
            SectionWriter.ToOut(job.Host, [Section.Of(string.Empty, Facts(plan))]);
        }

        return plan.Failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static CaptionPlan Plan(ConditionJob job, CaptionModel model, BatchPrompt[] prompts, List<long> truncated)
    {
        ConditioningFormat format = job.Settings.Format;
        BatchPrompt[] toDo = [.. prompts.Where(x => x.Outcome is null)];
        BatchPrompt[] toCompute = [.. toDo.Where(x => !model.Run.IsCached(x.Tokens!, format.Needs))];
        (int Tokens, double Seconds, double Total)? measured = toCompute.Length > 0 ? Measure(job, model, toCompute) : null;
        return new CaptionPlan
        {
            Captions = prompts.Length,
            ToDo = toDo.Length,
            Skipped = prompts.Count(x => x.Outcome == BatchOutcome.Skipped),
            Failed = prompts.Count(x => x.Outcome == BatchOutcome.Failed),
            Cached = toDo.Length - toCompute.Length,
            Tokens = toDo.Sum(x => (long)x.Tokens!.Ids.Count),
            LongestTokens = toDo.Select(x => x.Tokens!.Ids.Count).DefaultIfEmpty().Max(),
            TruncatedLines = truncated,
            OutputBytes = toDo.Sum(x => format.ByteLength(model.Shape, x.Line.Prompt!.Text)),
            Seconds = measured?.Total,
            MeasuredTokens = measured?.Tokens,
            MeasuredSeconds = measured?.Seconds,
        };
    }

    // The encoder's share grows with tokens, the connectors' with captions: each takes all slots.
    private static (int Tokens, double Seconds, double Total) Measure(ConditionJob job, CaptionModel model, BatchPrompt[] prompts)
    {
        ConditioningParts needs = job.Settings.Format.Needs;
        bool connects = needs.HasFlag(ConditioningParts.Context);
        List<BatchPrompt> pass = [prompts[0]];
        foreach (BatchPrompt prompt in prompts.Skip(1))
        {
            int[] counts = [.. pass.Append(prompt).Select(x => x.Tokens!.Ids.Count)];
            if (counts.Sum() > MostMeasuredTokens || !model.CanShare(counts))
            {
                break;
            }

            pass.Add(prompt);
        }

        ConditioningRun run = new(model.Encoder, model.Conditioner, job.Settings.Options);
        Stopwatch watch = Stopwatch.StartNew();
        ConditioningResult first = run
            .ComputeMany(
                [.. pass.Select(x => new ConditioningPrompt(x.Tokens!, x.Line.Prompt!.Text))],
                connects ? (needs & ~ConditioningParts.Context) | ConditioningParts.Projection : needs,
                null,
                job.Interrupt.Token)
            .First();
        double encoder = watch.Elapsed.TotalSeconds, connectors = 0;
        if (connects)
        {
            watch.Restart();
            model.Conditioner!.Connect(first.Projection!, null, job.Interrupt.Token);
            connectors = watch.Elapsed.TotalSeconds;
        }

        int tokens = pass.Sum(x => x.Tokens!.Ids.Count);
        double total = (encoder / tokens * prompts.Sum(x => (long)x.Tokens!.Ids.Count)) + (connectors * prompts.Length);
        return (tokens, encoder + connectors, total);
    }

    private static IEnumerable<(string Name, string Value)> Facts(CaptionPlan plan)
    {
        string cached = plan.Cached > 0 ? $" ({Amount.Count(plan.Cached)} of them in the cache)" : string.Empty;
        string failed = plan.Failed > 0 ? $", {Amount.Count(plan.Failed)} cannot be conditioned" : string.Empty;
        yield return ("captions", $"{Amount.Count(plan.Captions)}: {Amount.Count(plan.ToDo)} to do{cached}, {Amount.Count(plan.Skipped)} are there{failed}");
        yield return ("tokens", $"{Amount.Count(plan.Tokens)}, the longest has {Amount.Count(plan.LongestTokens)}");
        yield return ("cut off", plan.TruncatedLines.Count == 0 ? "none" : $"{Amount.Count(plan.TruncatedLines.Count)}: {Lines(plan.TruncatedLines)}");
        yield return ("output", Amount.Bytes(plan.OutputBytes));
        yield return (
            "time",
            plan.Seconds is { } seconds
                ? $"about {Amount.Duration(seconds)}, after a pass of {Amount.Count(plan.MeasuredTokens!.Value)} tokens that took {Amount.Seconds(plan.MeasuredSeconds!.Value)}"
                : "nothing to compute");
    }

    private static string Lines(IReadOnlyList<long> lines)
    {
        string first = string.Join(", ", lines.Take(MostLinesShown).Select(line => line.ToString(CultureInfo.InvariantCulture)));
        return $"{(lines.Count == 1 ? "line" : "lines")} {first}{(lines.Count > MostLinesShown ? ", …" : string.Empty)}";
    }
}
