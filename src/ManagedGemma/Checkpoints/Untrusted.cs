using System.Text;

namespace ManagedGemma.Checkpoints;

/// <summary>Makes text that came from a file fit for one line of a message.</summary>
internal static class Untrusted
{
    private const int Longest = 160;

    /// <summary>The text with control characters replaced and cut at 160 characters.</summary>
    public static string Show(string text)
    {
        StringBuilder shown = new(Math.Min(text.Length, Longest) + 1);
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            shown.Append(char.IsControl(c) ? '?' : c);
        }

        return text.Length > Longest ? shown.Append('…').ToString() : shown.ToString();
    }

    /// <summary>A shape as <c>[2,3]</c>, cut after eight dimensions.</summary>
    public static string Show(IReadOnlyList<long> shape) =>
        "[" + string.Join(',', shape.Take(8)) + (shape.Count > 8 ? ",…]" : "]");
}
