using System.CommandLine;
using System.Globalization;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--logit-bias</c>: tokens that are wanted more, less or not at all.</summary>
internal sealed class LogitBiasOption : Option<IReadOnlyDictionary<int, double>?>
{
    public LogitBiasOption()
        : base("--logit-bias")
    {
        Description = "Add to a token's logit, as in 106=-5; -inf forbids it. May be given several times.";
        HelpName = "ID=X";
        Arity = ArgumentArity.OneOrMore;
        AllowMultipleArgumentsPerToken = false;
        CustomParser = result =>
        {
            Dictionary<int, double> biases = [];
            foreach (string word in result.Tokens.Select(x => x.Value))
            {
                string[] parts = word.Split('=');
                if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id) || !TryBias(parts[1], out double bias))
                {
                    result.AddError($"--logit-bias takes a token's id and a number, as in 106=-5, not '{word}'");
                    return null;
                }

                biases[id] = bias;
            }

            return biases;
        };
    }

    private static bool TryBias(string word, out double bias)
    {
        if (word == "-inf")
        {
            bias = double.NegativeInfinity;
            return true;
        }

        return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out bias) && double.IsFinite(bias);
    }
}
