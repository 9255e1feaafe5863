using System.CommandLine;
using ManagedGemma.Cli.Commands.Encode;
using ManagedGemma.Cli.Input;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--batch</c> and what goes with it.</summary>
internal sealed class BatchOptions
{
    private const int MostTokens = 1 << 16;

    private readonly Option<string> _file = new("--batch")
    {
        Description =
            "Many prompts, several in a pass over the weights: one a line, or JSON lines {\"text\": …} with \"ids\" instead of the text and \"id\" or "
            + "\"name\" for the output if wanted. - is standard input. --output is then a directory, which gets a file a prompt, named by \"id\", "
            + "\"name\" or the line's number (000001.safetensors). Outputs that are there already are skipped, so that a run that was stopped goes on.",
        HelpName = "FILE",
    };

    private readonly ChoiceOption<BatchFormat> _format = new(
        "--batch-format",
        "Of --batch; auto: JSON lines when the name ends in .jsonl or .ndjson, else text.",
        ("auto", BatchFormat.Auto),
        ("text", BatchFormat.Text),
        ("jsonl", BatchFormat.JsonLines));

    private readonly CountOption _tokens = new(
        "--batch-tokens",
        "Tokens of a pass at most, unless one prompt has more; memory grows with it.",
        MostTokens,
        new EncodeOptions().BatchTokens);

    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "With --batch: make outputs anew that are there already." };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _file, _format, _tokens, _overwrite })
        {
            command.Add(option);
        }
    }

    /// <summary>What was asked for; null when it is one prompt.</summary>
    /// <exception cref="UsageException">An option that means nothing without <c>--batch</c>.</exception>
    public BatchSettings? In(ParseResult parse)
    {
        if (parse.GetValue(_file) is { } file)
        {
            return new BatchSettings(file, _format.In(parse), parse.GetValue(_tokens)!.Value, parse.GetValue(_overwrite));
        }

        Option? lone = new Option[] { _format, _tokens, _overwrite }.FirstOrDefault(x => parse.GetResult(x) is { Implicit: false });
        return lone is null ? null : throw new UsageException($"{lone.Name} goes with --batch");
    }
}
