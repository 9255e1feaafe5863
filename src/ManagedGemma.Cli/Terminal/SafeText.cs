using System.Globalization;
using System.Text;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Makes text from files, prompts and paths fit for a terminal: nothing in it moves the cursor, rings or reorders.</summary>
internal static class SafeText
{
    /// <summary>The text with control, formatting and separating characters spelt out: <c>\n</c>, <c>\u001B</c>.</summary>
    public static string Show(string text)
    {
        int first = 0;
        while (first < text.Length && !IsUnsafe(text, first))
        {
            first++;
        }

        if (first == text.Length)
        {
            return text;
        }

        StringBuilder shown = new(text, 0, first, text.Length + 16);
        for (int i = first; i < text.Length; i++)
        {
            if (IsUnsafe(text, i))
            {
                AppendEscaped(shown, text[i]);
            }
            else
            {
                shown.Append(text[i]);
            }
        }

        return shown.ToString();
    }

    /// <summary>
    /// Running text for a terminal: lines and tabs stay, and so do the joiners of emoji and scripts; what moves the cursor, rings or reorders is
    /// left out.
    /// </summary>
    public static string Flow(string text)
    {
        return text.Any(IsDropped) ? string.Concat(text.Where(x => !IsDropped(x))) : text;

        static bool IsDropped(char character) =>
            (char.IsControl(character) && character is not ('\n' or '\t')) || character is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
    }

    /// <summary>A text's beginning, with an ellipsis where it is longer; no pair of surrogates is cut.</summary>
    public static string Begin(string text, int longest)
    {
        if (text.Length <= longest)
        {
            return text;
        }

        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest), "…");
    }

    private static bool IsUnsafe(string text, int index) => char.GetUnicodeCategory(text[index]) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        UnicodeCategory.Surrogate => !IsHalfOfPair(text, index),
        _ => false,
    };

    private static bool IsHalfOfPair(string text, int index) => char.IsHighSurrogate(text[index])
        ? index + 1 < text.Length && char.IsLowSurrogate(text[index + 1])
        : index > 0 && char.IsHighSurrogate(text[index - 1]);

    private static void AppendEscaped(StringBuilder shown, char character)
    {
        string? name = character switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ => null,
        };
        if (name is not null)
        {
            shown.Append(name);
        }
        else
        {
            shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}");
        }
    }
}
