using System.CommandLine;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Commands.Encode;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Options;

/// <summary>How prompts are encoded, and what is written of it.</summary>
internal sealed class EncodingOptions
{
    // Eight contexts of the 12b: a bound so that a slip of the finger does not fill the disk with padding.
    private const int LongestOutput = 1 << 20;

    private readonly ChoiceOption<Profile> _profile = ProfileOption.Create();
    private readonly ChoiceOption<Precision> _precision = PrecisionOption.Create();

    private readonly ChoiceOption<FeatureVersion> _features = new(
        "--features", "v2 for LTX-2.3, v1 for LTX-2.0.", ("v2", FeatureVersion.V2), ("v1", FeatureVersion.V1));

    private readonly ChoiceOption<ElementType> _type = new(
        "--dtype", "The type of features and hidden states.", ("f32", ElementType.F32), ("bf16", ElementType.BF16), ("f16", ElementType.F16));

    private readonly ChoiceOption<Padding> _pad = new(
        "--pad", "left: zero rows in front, up to the maximal length. none: the prompt's rows only.", ("left", Padding.Left), ("none", Padding.None));

    private readonly CountOption _maxLength = new(
        "--max-length", "Tokens kept, and rows of padded outputs.", LongestOutput, EncodeOptions.DefaultMaxLength);

    private readonly Option<bool> _hiddenStates = new("--hidden-states") { Description = "Write the hidden states too: [layers + 1, T, D]." };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _profile, _precision, _features, _type, _pad, _maxLength, _hiddenStates })
        {
            command.Add(option);
        }
    }

    /// <summary>What was chosen.</summary>
    public EncodeSettings In(ParseResult parse) => new()
    {
        Options = new EncodeOptions
        {
            Profile = _profile.In(parse),
            Precision = _precision.In(parse),
            Features = _features.In(parse),
            MaxLength = parse.GetValue(_maxLength)!.Value,
            Padding = _pad.In(parse),
        },
        Profile = _profile.WordIn(parse),
        Precision = _precision.WordIn(parse),
        Features = _features.WordIn(parse),
        Dtype = _type.WordIn(parse),
        Padding = _pad.WordIn(parse),
        ElementType = _type.In(parse),
        HasHiddenStates = parse.GetValue(_hiddenStates),
    };
}
