using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Commands.Batch;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Input.Captions;
using ManagedGemma.Cli.Output;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Formats;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>What captions are conditioned with: encoder, LTX checkpoint, cache, and the record of what is there.</summary>
internal sealed class CaptionModel : IDisposable
{
    private readonly ConditionJob _job;
    private readonly CaptionSettings _captions;

    /// <summary>Loads all of it.</summary>
    public CaptionModel(ConditionJob job, CaptionSettings captions)
    {
        _job = job;
        _captions = captions;
        Encoder = job.LoadEncoder();
        try
        {
            // A model without tokenizer is one problem and not one of every line.
            _ = Encoder.Tokenizer;
            Conditioner = job.LoadConditioner(Encoder);
            Run = new ConditioningRun(Encoder, Conditioner, job.Settings.Options, job.Cache);
            Shape = ConditioningShape.Of(Encoder, Conditioner?.Checkpoint, job.Settings.Options.Length);
            Record = new OutputRecord(job.Output, captions.Shard == Shard.Whole ? string.Empty : captions.Shard.ToString(), job.Interrupt.Token);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public GemmaTextEncoder Encoder { get; }

    /// <summary>Null where hidden states are enough.</summary>
    public LtxTextConditioner? Conditioner { get; }

    public ConditioningRun Run { get; } = null!;

    /// <summary>The sizes of every output.</summary>
    public ConditioningShape Shape { get; }

    /// <summary>What is known of outputs.</summary>
    public OutputRecord Record { get; } = null!;

    /// <summary>Outputs that are there without a record of what they were made of.</summary>
    public int Unknown { get; private set; }

    /// <summary>Gives a caption its tokens; settles it where its output is there.</summary>
    /// <param name="prompt">The caption.</param>
    /// <param name="warn">Told that its end is cut off.</param>
    /// <exception cref="GemmaException">It cannot be conditioned, or another one's output is in its place.</exception>
    public void Prepare(BatchPrompt prompt, Action<string> warn)
    {
        ConditionSettings settings = _job.Settings;
        _job.RefuseOwnFiles(Encoder, prompt.Path);
        LengthCheck check = LengthCheck.Of(Encoder, _job.Enhance(Encoder, prompt.Line.Prompt!), settings.Options);
        prompt.Tokens = check.Tokens;
        if (check.Problem(settings.Options.Length, settings.IsStrict) is { } problem)
        {
            if (settings.IsStrict)
            {
                throw new GemmaException(problem);
            }

            warn(problem);
        }

        if (!_captions.Overwrites && File.Exists(prompt.Path))
        {
            Skip(prompt);
            return;
        }

        Encoder.Model.Validate(check.Tokens.Ids);
    }

    /// <summary>Remembers of an output what it was made of.</summary>
    public void Remember(BatchPrompt prompt) => Record.Add(OutputOf(prompt), MadeOf(prompt));

    /// <summary>Whether prompts of so many tokens each can share a pass.</summary>
    public bool CanShare(IReadOnlyList<int> counts)
    {
        int most = _job.Settings.Options.BatchTokens;
        return Conditioner?.CanShare(counts, most) ?? counts.Sum(count => (long)count) <= most;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Record?.Dispose();
        Conditioner?.Dispose();
        Encoder.Dispose();
    }

    /// <summary>Deletes what killed runs left half-written in the directories of outputs.</summary>
    public static void DeleteAbandoned(IEnumerable<BatchPrompt> prompts)
    {
        foreach (string directory in prompts.Select(prompt => Path.GetDirectoryName(prompt.Path)!).Distinct(StringComparer.Ordinal))
        {
            AtomicFile.DeleteAbandoned(directory);
        }
    }

    private static string OutputOf(BatchPrompt prompt) => prompt.Line.Name + Path.GetExtension(prompt.Path);

    // Another caption's output, or that of other options, may be in the place: to skip it would be to pass it off.
    private void Skip(BatchPrompt prompt)
    {
        string? made = Record.Of(OutputOf(prompt));
        if (made is not null && made != MadeOf(prompt))
        {
            throw new GemmaException(
                "the output exists and was made of another caption, or with another model or other options",
                prompt.Path,
                expected: "no such file, or --overwrite");
        }

        Unknown += made is null ? 1 : 0;
        prompt.Skip();
    }

    private string MadeOf(BatchPrompt prompt) => $"{_job.Settings.Format.Name} {Run.NameOf(prompt.Tokens!, _job.Settings.Format.Needs)}";
}
