using System.Text;

namespace ManagedGemma.Tests.Checkpoints;

internal static class TextExtensions
{
    /// <summary>Whether the text is valid UTF-16, so that it survives a round trip through UTF-8.</summary>
    public static bool IsUnicode(this string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;
}
