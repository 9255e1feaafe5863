using System.CommandLine;
using ManagedGemma.Generation;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Options;

/// <summary>How tokens are chosen and when a text ends.</summary>
internal sealed class SamplingOptions
{
    // More than any model's context.
    private const int MostTokens = 1 << 24;

    private readonly GenerationOptions _defaults;
    private readonly NumberOption _temperature;
    private readonly CountOption _topK;
    private readonly NumberOption _topP;
    private readonly NumberOption _minP;
    private readonly NumberOption _repetitionPenalty;
    private readonly LogitBiasOption _logitBias = new();
    private readonly SeedOption _seed;
    private readonly CountOption _maxTokens;
    private readonly ChoiceOption<PromptLookup> _lookup = new(
        "--prompt-lookup",
        "Try several tokens at a time that followed the last ones earlier on; changes the speed and not the text.",
        ("auto", PromptLookup.Auto),
        ("off", PromptLookup.Off),
        ("on", PromptLookup.On));

    private readonly ChoiceOption<Precision> _precision = PrecisionOption.Create();

    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "End before this text. May be given several times.",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<bool> _greedy = new("--greedy") { Description = "Always take the likeliest token: the same as --temperature 0." };

    /// <param name="defaults">What holds for options that are not given.</param>
    public SamplingOptions(GenerationOptions defaults)
    {
        _defaults = defaults;
        _temperature = new NumberOption("--temperature", "How freely tokens are drawn; 0: always the likeliest.", defaults.Temperature);
        _topK = new CountOption("--top-k", "Draw from so many of the likeliest tokens.", int.MaxValue, defaults.TopK);
        _topP = new NumberOption("--top-p", "Draw from the likeliest tokens that together have this probability.", defaults.TopP, "above 0, at most 1", x => x is > 0 and <= 1);
        _minP = new NumberOption("--min-p", "Leave out tokens below this part of the likeliest one's probability.", defaults.MinP, "from 0 to 1", x => x is >= 0 and <= 1);
        _repetitionPenalty = new NumberOption("--repetition-penalty", "Above 1: tokens that were there become less likely.", defaults.RepetitionPenalty, "above 0", x => x > 0);
        _seed = new SeedOption("--seed", defaults.Seed);
        _maxTokens = new CountOption("--max-tokens", "Tokens of the text at most.", MostTokens, defaults.MaxTokens);
    }

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
        {
            _maxTokens, _temperature, _greedy, _topK, _topP, _minP, _repetitionPenalty, _logitBias, _seed, _stop, _lookup, _precision,
        })
        {
            command.Add(option);
        }
    }

    /// <summary>What was chosen.</summary>
    /// <exception cref="UsageException">Options that contradict each other.</exception>
    public GenerationOptions In(ParseResult parse)
    {
        bool isGreedy = parse.GetValue(_greedy);
        if (isGreedy && parse.GetResult(_temperature) is { Implicit: false })
        {
            throw new UsageException("--greedy or --temperature, not both");
        }

        string[] stops = parse.GetValue(_stop) ?? [];
        return stops.Contains(string.Empty)
            ? throw new UsageException("--stop takes a text, not an empty one")
            : _defaults with
            {
                MaxTokens = parse.GetValue(_maxTokens)!.Value,
                Temperature = isGreedy ? 0 : parse.GetValue(_temperature)!.Value,
                TopK = parse.GetValue(_topK),
                TopP = parse.GetValue(_topP)!.Value,
                MinP = parse.GetValue(_minP)!.Value,
                RepetitionPenalty = parse.GetValue(_repetitionPenalty)!.Value,
                LogitBias = parse.GetValue(_logitBias),
                Seed = parse.GetValue(_seed)!.Value,
                StopStrings = stops,
                PromptLookup = _lookup.In(parse),
                Precision = _precision.In(parse),
            };
    }
}
