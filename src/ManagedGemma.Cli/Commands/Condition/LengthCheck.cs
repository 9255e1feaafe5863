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

    /// <summary>What to say of a prompt that is too long; null when it is not.</summary>
    /// <param name="length">The length in tokens.</param>
    /// <param name="isStrict">Whether it is refused instead of cut.</param>
    public string? Problem(int length, bool isStrict)
    {
        if (Tokens.Truncated == 0)
        {
            return null;
        }

        string end = isStrict ? "beyond it" : "cut off";
        string text = CutText is null ? string.Empty : $"; {end}: \"{Shorten(CutText)}\"";
        return $"the prompt has {Tokens.TotalCount} tokens, {Tokens.Truncated} more than --length {length}{text}";
    }

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
