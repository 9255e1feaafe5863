using System.CommandLine;
using System.Globalization;

namespace ManagedGemma.Cli.Options;

/// <summary>An option that takes a finite number from 0 up, <c>1e-3</c>, or in another range.</summary>
internal sealed class NumberOption : Option<double?>
{
    /// <param name="name">With its dashes.</param>
    /// <param name="description">For --help.</param>
    /// <param name="ifAbsent">The default; null: none.</param>
    /// <param name="range">As messages tell it.</param>
    /// <param name="holds">Whether a number is in the range; null: those from 0 up are.</param>
    public NumberOption(string name, string description, double? ifAbsent, string range = "from 0 up, as in 1e-3", Func<double, bool>? holds = null)
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
            if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                && double.IsFinite(value)
                && (holds?.Invoke(value) ?? value >= 0))
            {
                return value;
            }

            result.AddError($"{name} takes a number {range}, not '{word}'");
            return null;
        };
    }
}
