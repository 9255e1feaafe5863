using System.CommandLine;
using System.Globalization;

namespace ManagedGemma.Cli.Options;

/// <summary>An option that says which of the possible texts is wanted.</summary>
internal sealed class SeedOption : Option<long?>
{
    /// <param name="name">With its dashes.</param>
    /// <param name="ifAbsent">The default.</param>
    public SeedOption(string name, long ifAbsent)
        : base(name)
    {
        Description = "Which of the possible texts; the same seed gives the same text.";
        HelpName = "N";
        DefaultValueFactory = _ => ifAbsent;
        CustomParser = result =>
        {
            string word = result.Tokens.Count > 0 ? result.Tokens[0].Value : string.Empty;
            if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
            {
                return value;
            }

            result.AddError($"{name} takes a whole number, not '{word}'");
            return null;
        };
    }
}
