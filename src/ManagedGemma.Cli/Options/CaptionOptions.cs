using System.CommandLine;
using ManagedGemma.Cli.Commands.Condition;
using ManagedGemma.Cli.Input.Captions;
using ManagedGemma.Ltx;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--captions</c> and what goes with it.</summary>
internal sealed class CaptionOptions
{
    private const int MostTokens = 1 << 16;

    private readonly Option<string> _file = new("--captions")
    {
        Description =
            "Many captions, several in a pass over the weights: a .csv, .json or .jsonl file with columns for caption and media path, as ltx-trainer's "
            + "process_captions.py reads, or a .txt file of a caption a line. - is standard input. --output is then a directory, in which outputs "
            + "mirror the media's paths. Outputs that are there already are skipped, so that a run that was stopped goes on.",
        HelpName = "FILE",
    };

    private readonly ChoiceOption<CaptionFormat> _format = new(
        "--captions-format",
        "Of --captions; auto: as the name ends.",
        ("auto", CaptionFormat.Auto),
        ("csv", CaptionFormat.Csv),
        ("json", CaptionFormat.Json),
        ("jsonl", CaptionFormat.JsonLines),
        ("txt", CaptionFormat.Text));

    private readonly Option<string> _captionColumn = Column("--caption-column", "The column or key of captions.", CaptionColumns.Default.Caption);
    private readonly Option<string> _mediaColumn = Column("--media-column", "The column or key of media paths.", CaptionColumns.Default.Media);

    private readonly CountOption _tokens = new(
        "--batch-tokens",
        "With --captions: tokens of a pass at most, unless one caption has more; memory grows with it.",
        MostTokens,
        new LtxOptions().BatchTokens);

    private readonly Option<Shard?> _shard = new("--shard")
    {
        Description = "With --captions: part I of N, for N machines; every Nth caption.",
        HelpName = "I/N",
        CustomParser = result =>
        {
            string word = result.Tokens.Count > 0 ? result.Tokens[0].Value : string.Empty;
            Shard? shard = Shard.Parse(word);
            if (shard is null)
            {
                result.AddError($"--shard takes a part and their number, as in 2/4, not '{word}'");
            }

            return shard;
        },
    };

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "With --captions: write nothing; tell tokens, captions that are cut off, and the time and bytes to expect, after one short pass.",
    };

    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "With --captions: make outputs anew that are there already." };

    private Option[] All => [_file, _format, _captionColumn, _mediaColumn, _tokens, _shard, _dryRun, _overwrite];

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>What was asked for; null when it is one prompt.</summary>
    /// <exception cref="UsageException">An option that means nothing without <c>--captions</c>.</exception>
    public CaptionSettings? In(ParseResult parse)
    {
        if (parse.GetValue(_file) is { } file)
        {
            CaptionColumns columns = new(parse.GetValue(_captionColumn)!, parse.GetValue(_mediaColumn)!);
            return new CaptionSettings(
                file, _format.In(parse), columns, parse.GetValue(_shard) ?? Shard.Whole, parse.GetValue(_overwrite), parse.GetValue(_dryRun));
        }

        Option? lone = All.FirstOrDefault(x => parse.GetResult(x) is { Implicit: false });
        return lone is null ? null : throw new UsageException($"{lone.Name} goes with --captions");
    }

    /// <summary>Tokens of a pass at most.</summary>
    public int TokensIn(ParseResult parse) => parse.GetValue(_tokens)!.Value;

    private static Option<string> Column(string name, string description, string ifAbsent) => new(name)
    {
        Description = $"With --captions: {char.ToLowerInvariant(description[0])}{description[1..]}",
        HelpName = "NAME",
        DefaultValueFactory = _ => ifAbsent,
    };
}
