using System.CommandLine;
using System.Globalization;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>tokenize</c>: a prompt to ids and pieces, or JSON lines of prompts to JSON lines of ids. Needs no weights.</summary>
internal sealed class TokenizeCommand : Command
{
    private readonly PromptOptions _prompt = new();
    private readonly ModelOption _model = new();

    private readonly Option<string> _tokenizer = new("--tokenizer") { Description = "A tokenizer.json, instead of a model's.", HelpName = "FILE" };

    private readonly ChoiceOption<Profile> _profile = new(
        "--profile", "ltx strips white space from both ends, car does not.", ("ltx", Profile.Ltx), ("car", Profile.Car));

    private readonly Option<bool> _noBos = new("--no-bos") { Description = "Leave out the token that begins a sequence." };

    private readonly Option<string> _lines = new("--jsonl")
    {
        Description = "Many prompts: a line {\"text\": …} in, a line {\"ids\": […]} out. - is standard input.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object." };
    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public TokenizeCommand(Host host, Interrupt interrupt)
        : base("tokenize", "Show a prompt's tokens.")
    {
        _prompt.AddTo(this);
        foreach (Option option in new Option[] { _lines, _model, _tokenizer, _profile, _noBos, _json, _quiet })
        {
            Add(option);
        }

        SetAction(parse => Run(parse, host, interrupt));
    }

    private int Run(ParseResult parse, Host host, Interrupt interrupt)
    {
        string? lines = parse.GetValue(_lines);
        if (lines is not null && _prompt.IsGiven(parse))
        {
            throw new UsageException("--jsonl brings its own prompts; leave the other one out");
        }

        if (lines is not null && parse.GetValue(_json))
        {
            throw new UsageException("--jsonl prints JSON lines already; leave --json out");
        }

        string? file = parse.GetValue(_tokenizer);
        if (file is not null && parse.GetValue(_model) is not null)
        {
            throw new UsageException("--model or --tokenizer, not both");
        }

        Prompt? prompt = lines is null ? _prompt.Read(parse, host) : null;
        ModelSource? source = file is null ? _model.Find(parse) : null;
        PromptTokenizer tokenizer = source is null ? GemmaTokenizer.Load(file!) : source.LoadTokenizer();
        if (source?.Origin == ModelOrigin.Demo)
        {
            DemoNotice.ForTokens(new Screen(host, parse.GetValue(_quiet)));
        }

        if (prompt is null)
        {
            TokenizeLines(parse, host, tokenizer, lines!, interrupt.Token);
            return ExitCode.Done;
        }

        int[] ids = prompt.Ids ?? Tokenize(parse, tokenizer, prompt.Text!);
        string?[] pieces = Array.ConvertAll(ids, tokenizer.PieceOf);
        if (parse.GetValue(_json))
        {
            TokenizeReport report = new()
            {
                Tokenizer = source?.Name ?? Path.GetFileName(file!),
                IsDemo = source?.Origin == ModelOrigin.Demo,
                Count = ids.Length,
                Ids = ids,
                Pieces = pieces,
            };
            ReportJson.Print(host.Out, report, ReportJson.Default.TokenizeReport);
        }
        else
        {
            Show(host, ids, pieces);
        }

        return ExitCode.Done;
    }

    private static void Show(Host host, int[] ids, string?[] pieces)
    {
        string[] shown = Array.ConvertAll(pieces, x => x ?? "(no piece)");
        if (!host.IsOutTerminal)
        {
            for (int i = 0; i < ids.Length; i++)
            {
                host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ids[i]}\t{SafeText.Show(shown[i])}"));
            }

            return;
        }

        IEnumerable<IReadOnlyList<string>> rows = ids.Select((id, i) => (IReadOnlyList<string>)
        [
            i.ToString(CultureInfo.InvariantCulture), id.ToString(CultureInfo.InvariantCulture), shown[i],
        ]);
        SectionWriter.ToOut(host, [new Section(string.Empty, [">", ">id", "piece"], [.. rows])]);
    }

    // What the profile does to a prompt's text is the one rule that GemmaTextEncoder keeps to itself.
    private int[] Tokenize(ParseResult parse, PromptTokenizer tokenizer, string text) => tokenizer.EncodePrompt(
        _profile.In(parse).Prompt(text), addBos: !parse.GetValue(_noBos));

    private void TokenizeLines(ParseResult parse, Host host, PromptTokenizer tokenizer, string path, CancellationToken cancellation)
    {
        using Stream stream = InputFile.Open(path, host);
        PromptLines lines = new(stream, InputFile.NameOf(path));
        try
        {
            while (lines.Next() is { } text)
            {
                cancellation.ThrowIfCancellationRequested();
                WriteIds(host.Out, Tokenize(parse, tokenizer, text));
                if (lines.IsDrained)
                {
                    host.Out.Flush();
                }
            }
        }
        finally
        {
            // Lines before a bad one count.
            host.Out.Flush();
        }
    }

    private static void WriteIds(TextWriter writer, int[] ids)
    {
        writer.Write("{\"ids\": [");
        Span<char> digits = stackalloc char[11];
        for (int i = 0; i < ids.Length; i++)
        {
            if (i > 0)
            {
                writer.Write(", ");
            }

            ids[i].TryFormat(digits, out int length, provider: CultureInfo.InvariantCulture);
            writer.Write(digits[..length]);
        }

        writer.WriteLine("]}");
    }
}
