using ManagedGemma.Cli.Input;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>A prompt's tokens, cut to the length, and the text that was cut off.</summary>
/// <param name="Tokens">At most as many as the length.</param>
/// <param name="CutText">The text of the tokens that were cut off, as far as they were looked at; null when none were or there was no text.</param>
internal sealed record LengthCheck(PromptTokens Tokens, string? CutText)
{
    private const int MostShown = 80;

    /// <summary>Tokenises a prompt.</summary>
    /// <exception cref="GemmaException">The model has no tokenizer.</exception>
    public static LengthCheck Of(GemmaTextEncoder encoder, Prompt prompt, LtxOptions options)
    {
        // More than is kept, so that what is cut off can be shown.
        PromptTokens all = prompt.Ids is { } ids
            ? new PromptTokens(ids, ids.Length)
            : encoder.Tokenize(prompt.Text!, new EncodeOptions { Profile = options.Profile, MaxLength = LtxOptions.MostLength });
        PromptTokens kept = new([.. all.Ids.Take(options.Length)], all.TotalCount);
        return new LengthCheck(
            kept,
            kept.Truncated > 0 && prompt.Text is not null ? encoder.Tokenizer.Decode(all.Ids.Skip(options.Length), keepSpecialTokens: true) : null);
    }

    /// <summary>What to say when tokens were cut off; null when none were.</summary>
    /// <param name="length">The length in tokens.</param>
    public string? Problem(int length)
    {
        if (Tokens.Truncated == 0)
        {
            return null;
        }

        string text = CutText is null ? string.Empty : $": \"{Shorten(CutText)}\"";
        return $"the prompt has {Tokens.TotalCount} tokens, {Tokens.Truncated} more than --length {length}; the end is cut off{text}";
    }

    /// <summary>The same as an error.</summary>
    /// <param name="problem">From <see cref="Problem"/>.</param>
    public static GemmaException Refusal(string problem) =>
        new(problem.Replace("is cut off", "would be cut off", StringComparison.Ordinal));

    // Both ends: where it begins shows what is kept, where it ends shows that it is the end.
    private static string Shorten(string text)
    {
        if (text.Length <= MostShown)
        {
            return text;
        }

        int half = MostShown / 2, head = half, tail = text.Length - half;
        head -= char.IsHighSurrogate(text[head - 1]) ? 1 : 0;
        tail += char.IsLowSurrogate(text[tail]) ? 1 : 0;
        return $"{text[..head]} … {text[tail..]}";
    }
}
