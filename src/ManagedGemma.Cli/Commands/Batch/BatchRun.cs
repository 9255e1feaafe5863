using System.Diagnostics;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;

namespace ManagedGemma.Cli.Commands.Batch;

/// <summary>
/// Many prompts to a directory, a file each: the one that the prompt alone would give, bit for bit. A file a prompt and not one for all,
/// because that is what readers take, what a run that was stopped can go on from, and what needs no length known in advance.
/// </summary>
/// <typeparam name="TModel">What encodes.</typeparam>
/// <param name="host">The process.</param>
/// <param name="interrupt">Ends the run.</param>
/// <param name="screen">Tells.</param>
/// <param name="list">The list of prompts, as it was named.</param>
/// <param name="directory">Where outputs go.</param>
/// <param name="printsJson">Whether standard output gets a line a prompt.</param>
internal abstract class BatchRun<TModel>(Host host, Interrupt interrupt, Screen screen, string list, string directory, bool printsJson)
    where TModel : IDisposable
{
    // So many in a row fail for a reason that is not theirs: a full disk, damaged weights.
    private const int MostFailuresInARow = 3;

    private BatchPrompt[] _prompts = [];
    private int _reported;
    private int _failedInARow;

    /// <summary>All prompts, in order.</summary>
    protected IReadOnlyList<BatchPrompt> Prompts => _prompts;

    /// <summary>Ends the run.</summary>
    protected CancellationToken Cancellation => interrupt.Token;

    private int Failed => _prompts.Count(x => x.Outcome == BatchOutcome.Failed);

    /// <summary>Encodes all prompts that can be encoded.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="GemmaException">The list, the model or an output is not what it should be; or some lines were not, at the end.</exception>
    public int Run()
    {
        interrupt.WhenGivenUp(GiveUp);
        OutputDirectory.RequireNoFile(directory);
        ReadPrompts();
        if (_prompts.All(x => x.Outcome is not null))
        {
            Report();
            return End();
        }

        Stopwatch watch = Stopwatch.StartNew();
        using TModel model = Load();
        TimeSpan load = watch.Elapsed;
        OutputDirectory.Create(directory);
        BatchProgress progress = new(_prompts.Count(x => x.Outcome is null), _prompts.Sum(x => x.Weight));
        try
        {
            BatchProgressView.Run(screen, progress, passed => RunPasses(model, progress, passed));
        }
        finally
        {
            CloseFiles();
            Report();
        }

        screen.Show(Section.Of(string.Empty, Summary(model, load)));
        return End();
    }

    /// <summary>Reads the list; lines that are wrong have a problem.</summary>
    protected abstract IEnumerable<BatchPrompt> Read();

    /// <summary>Loads what encodes; disposed at the end.</summary>
    protected abstract TModel Load();

    /// <summary>Cuts prompts into passes, each given tokens or settled on the way.</summary>
    protected abstract IEnumerable<List<BatchPrompt>> PassesOf(TModel model, IEnumerable<BatchPrompt> prompts);

    /// <summary>Encodes the prompts of a pass, writes their files and settles them, one after the other.</summary>
    protected abstract void RunPass(TModel model, List<BatchPrompt> pass, BatchProgress progress);

    /// <summary>Deletes files that are not complete; may be called on another thread.</summary>
    protected virtual void CloseFiles()
    {
    }

    /// <summary>What to say at the end.</summary>
    protected abstract IEnumerable<(string Name, string Value)> Summary(TModel model, TimeSpan load);

    /// <summary>Warns of a prompt, with its line.</summary>
    protected void Warn(BatchPrompt prompt, string message)
    {
        prompt.Warn(message);
        screen.Warn($"{prompt.Label}: {message}");
    }

    /// <summary>Does something that settles a prompt when it fails.</summary>
    protected void Try(BatchPrompt prompt, Action work)
    {
        try
        {
            work();
        }
        catch (GemmaException exception)
        {
            Fail(prompt, exception);
        }
    }

    /// <summary>As in <c>3 encoded, 2 were there and are left as they are, 1 failed</c>.</summary>
    protected string Counts()
    {
        int encoded = _prompts.Count(x => x.Outcome == BatchOutcome.Encoded), skipped = _prompts.Count(x => x.Outcome == BatchOutcome.Skipped);
        return $"{Amount.Count(encoded)} encoded"
            + (skipped > 0 ? $", {Amount.Count(skipped)} were there and are left as they are" : string.Empty)
            + (Failed > 0 ? $", {Amount.Count(Failed)} failed" : string.Empty);
    }

    private int End() => Failed == 0
        ? ExitCode.Done
        : throw new GemmaException($"{Failed} of {_prompts.Length} prompts were not encoded", InputFile.NameOf(list));

    private void ReadPrompts()
    {
        _prompts = [.. Read()];
        foreach (BatchPrompt prompt in _prompts)
        {
            if (prompt.Line.Problem is { } problem)
            {
                prompt.Fail(problem);
                screen.Fail(problem.Message);
            }
        }
    }

    private void RunPasses(TModel model, BatchProgress progress, Action passed)
    {
        foreach (List<BatchPrompt> pass in PassesOf(model, _prompts.Where(x => x.Outcome is null)))
        {
            long settled = _prompts.Where(x => x.Outcome is not null).Sum(x => x.Weight);
            progress.Begin(pass.Count, pass.Sum(x => x.Tokens!.Ids.Count), settled, pass.Sum(x => x.Weight));
            RunOrFail(model, pass, progress);
            progress.End();
            Report();
            passed();
        }
    }

    // What fails together is tried one by one, so that one prompt fails alone.
    private void RunOrFail(TModel model, List<BatchPrompt> pass, BatchProgress progress)
    {
        try
        {
            RunPass(model, pass, progress);
            _failedInARow = 0;
        }
        catch (GemmaException exception)
        {
            CloseFiles();
            List<BatchPrompt> left = [.. pass.Where(x => x.Outcome is null)];
            if (pass.Count > 1)
            {
                left.ForEach(prompt => RunOrFail(model, [prompt], progress));
                return;
            }

            left.ForEach(prompt => Fail(prompt, exception));
            if (++_failedInARow == MostFailuresInARow)
            {
                throw;
            }
        }
    }

    private void Fail(BatchPrompt prompt, GemmaException exception)
    {
        prompt.Fail(exception);
        screen.Fail($"{prompt.Label}: {exception.Message}");
    }

    private void GiveUp()
    {
        CloseFiles();
        screen.RestoreCursor();
    }

    // In the order of the lines, as far as all before are settled.
    private void Report()
    {
        for (; _reported < _prompts.Length && _prompts[_reported].Outcome is not null; _reported++)
        {
            if (printsJson)
            {
                ReportJson.Print(host.Out, _prompts[_reported].Report(), ReportJson.Default.BatchReport);
            }
        }

        host.Out.Flush();
    }
}
