using System.CommandLine;
using System.Globalization;

namespace ManagedGemma.Cli.Options;

/// <summary>An option that takes a number from 0 up: <c>1e-3</c>.</summary>
internal sealed class NumberOption : Option<double?>
{
    /// <param name="name">With its dashes.</param>
    /// <param name="description">For --help.</param>
    /// <param name="ifAbsent">The default; null: none.</param>
    public NumberOption(string name, string description, double? ifAbsent)
        : base(name)
    {
        Description = description;
        HelpName = "X";
        if (ifAbsent is not null)
        {
            DefaultValueFactory = _ => ifAbsent;
        }

        CustomParser = result =>
        {
            string word = result.Tokens.Count > 0 ? result.Tokens[0].Value : string.Empty;
            if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value >= 0)
            {
                return value;
            }

            result.AddError($"{name} takes a number from 0 up, as in 1e-3, not '{word}'");
            return null;
        };
    }
}
