using System.Text.Json;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>The real tokenizer, loaded once, and the texts whose ids Hugging Face's tokenizers gave.</summary>
internal static class TokenizerFixtures
{
    private static readonly Lazy<GemmaTokenizer> LazyReal = new(() => GemmaTokenizer.Load(RealPath));

    public static string RealPath => Path.Combine(TestFiles.RealModel!, "tokenizer.json");

    public static GemmaTokenizer Real => LazyReal.Value;

    public static IEnumerable<Case> Read(string name)
    {
        foreach (string line in File.ReadLines(Path.Combine(TestFiles.Fixtures, "tokenizer", name)))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement root = json.RootElement;
            string text = root.TryGetProperty("text", out JsonElement given)
                ? given.GetString()!
                : new string([.. root.GetProperty("utf16").EnumerateArray().Select(unit => (char)unit.GetInt32())]);
            int[] ids = [.. root.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            yield return new Case(root.GetProperty("name").GetString()!, text, ids);
        }
    }

    /// <summary>Shows what cannot be printed, for messages.</summary>
    public static string Show(string text) => string.Concat(text.Select(c => c is > ' ' and < '\x7f' ? c.ToString() : $"\\u{(int)c:x4}"));

    internal sealed record Case(string Name, string Text, int[] Ids);
}
