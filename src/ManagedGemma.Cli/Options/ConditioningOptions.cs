using System.CommandLine;
using ManagedGemma.Cli.Commands.Condition;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Formats;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Options;

/// <summary>How prompts are conditioned, and in which format they are written.</summary>
internal sealed class ConditioningOptions
{
    private readonly Option<string> _ltx = new("--ltx")
    {
        Description = "The LTX checkpoint whose projection and connectors are used (*.safetensors); formats of hidden states do without.",
        HelpName = "FILE",
    };

    private readonly ChoiceOption<ConditioningFormat> _format = new(
        "--format",
        "Who reads the output: " + string.Join("; ", ConditioningFormat.All.Select(x => $"{x.Name}: {x.Summary} (*{x.Extension})")) + ".",
        [.. ConditioningFormat.All.Select(x => (x.Name, x))]);

    private readonly ChoiceOption<Profile> _profile = ProfileOption.Create();
    private readonly ChoiceOption<Precision> _precision = PrecisionOption.Create();

    private readonly CountOption _length = new(
        "--length",
        $"T: tokens kept of a prompt and rows of the output; a multiple of {LtxConfig.RegisterCount}.",
        LtxOptions.MostLength,
        EncodeOptions.DefaultMaxLength);

    private readonly Option<bool> _strict = new("--strict") { Description = "Take a prompt of more tokens for an error instead of cutting its end off." };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _ltx, _format, _profile, _precision, _length, _strict })
        {
            command.Add(option);
        }
    }

    /// <summary>What was chosen.</summary>
    /// <exception cref="UsageException">The options contradict each other.</exception>
    public ConditionSettings In(ParseResult parse)
    {
        int length = parse.GetValue(_length)!.Value;
        if (length % LtxConfig.RegisterCount != 0)
        {
            throw new UsageException(
                $"--length takes a multiple of {LtxConfig.RegisterCount}, the number of the connectors' learnable registers, not {length}");
        }

        ConditioningFormat format = _format.In(parse);
        string? ltx = parse.GetValue(_ltx);
        if (ltx is "" || (ltx is null && format.Needs != ConditioningParts.HiddenStates))
        {
            throw new UsageException($"--format {format.Name} needs --ltx FILE, an LTX checkpoint");
        }

        return new ConditionSettings
        {
            LtxPath = ltx,
            Format = format,
            Options = new LtxOptions { Profile = _profile.In(parse), Precision = _precision.In(parse), Length = length },
            Profile = _profile.WordIn(parse),
            Precision = _precision.WordIn(parse),
            IsStrict = parse.GetValue(_strict),
        };
    }
}
