using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Output;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Commands.Batch;

/// <summary>A line of a batch on its way.</summary>
internal sealed class BatchPrompt(BatchLine line, string path)
{
    private readonly List<string> _warnings = [];

    /// <summary>The line as it was read.</summary>
    public BatchLine Line => line;

    /// <summary>Where its output goes.</summary>
    public string Path => path;

    /// <summary>How much there is to do, roughly in proportion to tokens, before they are known: a token is some four characters.</summary>
    public long Weight => line.Prompt is null ? 0 : 1 + (line.Prompt.Ids?.Length ?? (line.Prompt.Text!.Length / 4));

    /// <summary>The tokens, once they are known.</summary>
    public PromptTokens? Tokens { get; set; }

    /// <summary>What became of it; null: nothing yet.</summary>
    public BatchOutcome? Outcome { get; private set; }

    /// <summary>What is wrong with it.</summary>
    public GemmaException? Problem { get; private set; }

    /// <summary>Bytes of its file, once it is written.</summary>
    public long? OutputBytes { get; private set; }

    /// <summary>Rows of its outputs, once it is written.</summary>
    public int? Length { get; private set; }

    /// <summary>Elements of a row, once it is written and if there is one width.</summary>
    public int? Width { get; private set; }

    /// <summary>What a message about it begins with.</summary>
    public string Label => $"line {line.Number}";

    /// <summary>Remembers a warning.</summary>
    public void Warn(string message) => _warnings.Add(message);

    /// <summary>Its output was there.</summary>
    public void Skip() => Outcome = BatchOutcome.Skipped;

    /// <summary>It cannot be encoded.</summary>
    public void Fail(GemmaException problem)
    {
        Outcome = BatchOutcome.Failed;
        Problem = problem;
    }

    /// <summary>Its file is written.</summary>
    /// <param name="bytes">The file's bytes.</param>
    /// <param name="length">T: rows of the outputs.</param>
    /// <param name="width">Elements of a row; null where tensors differ in it.</param>
    public void Finish(long bytes, int length, int? width)
    {
        Outcome = BatchOutcome.Encoded;
        OutputBytes = bytes;
        Length = length;
        Width = width;
    }

    /// <summary>The line that <c>--json</c> prints of it.</summary>
    public BatchReport Report() => new()
    {
        Line = line.Number,
        Name = line.Name,
        Outcome = Outcome!.Value.ToString().ToLowerInvariant(),
        Output = Outcome == BatchOutcome.Failed ? null : path,
        OutputBytes = OutputBytes,
        Tokens = Tokens?.Ids.Count,
        TruncatedTokens = Tokens?.Truncated,
        Length = Length,
        Width = Width,
        Error = Problem?.Message,
        Warnings = _warnings,
    };
}
