namespace ManagedGemma.Tokenization;

/// <summary>What is done to a prompt before it is tokenised.</summary>
public static class PromptText
{
    /// <summary>
    /// Removes white space from both ends, exactly as <c>str.strip()</c> of Python does, with which prompts are prepared
    /// in training and in the reference pipelines: what .NET calls white space, and U+001C to U+001F besides.
    /// </summary>
    /// <param name="text">The prompt; it need not be well-formed UTF-16.</param>
    /// <returns>The part of <paramref name="text"/> between the white space.</returns>
    public static ReadOnlySpan<char> Strip(ReadOnlySpan<char> text)
    {
        int start = 0;
        while (start < text.Length && IsPythonSpace(text[start]))
        {
            start++;
        }

        int end = text.Length;
        while (end > start && IsPythonSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>
    /// Whether Python's <c>str.isspace()</c> holds: bidirectional class WS, B or S, or category Zs. No character outside
    /// the basic plane is among them, so single UTF-16 units are enough.
    /// </summary>
    internal static bool IsPythonSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    /// <summary>Replaces lone surrogates by U+FFFD, one for one, so that places in the text stay the same.</summary>
    /// <param name="text">Any UTF-16.</param>
    /// <returns><paramref name="text"/> itself when it is well-formed, else a repaired copy.</returns>
    internal static ReadOnlySpan<char> Repair(ReadOnlySpan<char> text)
    {
        int bad = IndexOfLoneSurrogate(text, 0);
        if (bad < 0)
        {
            return text;
        }

        char[] repaired = text.ToArray();
        for (; bad >= 0; bad = IndexOfLoneSurrogate(repaired, bad + 1))
        {
            repaired[bad] = '\uFFFD';
        }

        return repaired;
    }

    private static int IndexOfLoneSurrogate(ReadOnlySpan<char> text, int from)
    {
        while (true)
        {
            int skipped = text[from..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (skipped < 0)
            {
                return -1;
            }

            from += skipped;
            if (!char.IsHighSurrogate(text[from]) || from + 1 == text.Length || !char.IsLowSurrogate(text[from + 1]))
            {
                return from;
            }

            from += 2;
        }
    }
}
