using System.CommandLine;
using System.Globalization;

namespace ManagedGemma.Cli.Options;

/// <summary>An option that takes a whole number in a range.</summary>
internal sealed class CountOption : Option<int?>
{
    /// <param name="name">With its dashes.</param>
    /// <param name="description">For --help.</param>
    /// <param name="most">The largest number taken; the smallest is 1.</param>
    /// <param name="ifAbsent">The default; null: none.</param>
    public CountOption(string name, string description, int most, int? ifAbsent)
        : base(name)
    {
        Description = description;
        HelpName = "N";
        if (ifAbsent is not null)
        {
            DefaultValueFactory = _ => ifAbsent;
        }

        CustomParser = result =>
        {
            string word = result.Tokens.Count > 0 ? result.Tokens[0].Value : string.Empty;
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= 1 && value <= most)
            {
                return value;
            }

            result.AddError($"{name} takes a whole number from 1 to {most}, not '{word}'");
            return null;
        };
    }
}
