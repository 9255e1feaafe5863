using System.CommandLine;

namespace ManagedGemma.Cli.Options;

/// <summary>An option that takes one of a few words.</summary>
internal sealed class ChoiceOption<T> : Option<string>
{
    private readonly (string Word, T Value)[] _choices;

    /// <summary>The first choice is the default.</summary>
    public ChoiceOption(string name, string description, params (string Word, T Value)[] choices)
        : base(name)
    {
        _choices = choices;
        string[] words = [.. choices.Select(x => x.Word)];
        Description = description;
        HelpName = string.Join('|', words);
        DefaultValueFactory = _ => words[0];
        CompletionSources.Add(words);
        Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string word }] && !words.Contains(word, StringComparer.OrdinalIgnoreCase))
            {
                result.AddError($"{name} takes {string.Join(" or ", words)}, not '{word}'");
            }
        });
    }

    /// <summary>What was chosen.</summary>
    public T In(ParseResult parse) => Array.Find(_choices, x => x.Word.Equals(WordIn(parse), StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The word for what was chosen.</summary>
    public string WordIn(ParseResult parse) => parse.GetValue(this)!.ToLowerInvariant();
}
