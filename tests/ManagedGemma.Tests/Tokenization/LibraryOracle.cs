using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>
/// The same tokenizer from the library's BpeTokenizer: byte pieces stand under single characters of their own
/// (U+DC00 + byte, which well-formed text has not), and the added tokens are split off outside it.
/// </summary>
internal sealed class LibraryOracle
{
    private readonly BpeTokenizer _bpe;
    private readonly Dictionary<string, int> _added;
    private readonly int _longestAdded;

    private LibraryOracle(BpeTokenizer bpe, Dictionary<string, int> added)
    {
        _bpe = bpe;
        _added = added;
        _longestAdded = added.Keys.Select(key => key.Length).DefaultIfEmpty(0).Max();
    }

    public static LibraryOracle Load(string path) => Parse(File.ReadAllBytes(path));

    public static LibraryOracle Parse(ReadOnlyMemory<byte> utf8Json)
    {
        using JsonDocument json = JsonDocument.Parse(utf8Json);
        JsonElement model = json.RootElement.GetProperty("model");
        Dictionary<string, int> vocabulary = [];
        HashSet<int> runes = [];
        foreach (JsonProperty piece in model.GetProperty("vocab").EnumerateObject())
        {
            string name = piece.Name;
            if (name.Length == 6 && name.StartsWith("<0x", StringComparison.Ordinal))
            {
                name = ((char)(0xDC00 + Convert.ToInt32(name[3..5], 16))).ToString();
            }
            else if (Rune.TryGetRuneAt(name, 0, out Rune rune) && rune.Utf16SequenceLength == name.Length)
            {
                runes.Add(rune.Value);
            }

            vocabulary.Add(name, piece.Value.GetInt32());
        }

        IEnumerable<string> merges = model.GetProperty("merges").EnumerateArray().Select(
            merge => merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}");
        BpeTokenizer bpe = BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = merges.ToArray(),
            Normalizer = new ByteFallback(runes),
            PreTokenizer = new WholeText(),
        });
        return new LibraryOracle(
            bpe,
            json.RootElement.GetProperty("added_tokens").EnumerateArray().ToDictionary(
                token => token.GetProperty("content").GetString()!,
                token => token.GetProperty("id").GetInt32()));
    }

    public List<int> Encode(string text)
    {
        List<int> ids = [2];
        int segment = 0;
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(_longestAdded, text.Length - at);
            while (length > 0 && !_added.ContainsKey(text.Substring(at, length)))
            {
                length--;
            }

            if (length == 0)
            {
                at++;
                continue;
            }

            EncodeSegment(text[segment..at], ids);
            ids.Add(_added[text.Substring(at, length)]);
            segment = at += length;
        }

        EncodeSegment(text[segment..], ids);
        return ids;
    }

    private void EncodeSegment(string text, List<int> ids)
    {
        if (text.Length > 0)
        {
            ids.AddRange(_bpe.EncodeToIds(text));
        }
    }

    private sealed class ByteFallback(HashSet<int> runes) : Normalizer
    {
        public override string Normalize(string original) => Normalize(original.AsSpan());

        public override string Normalize(ReadOnlySpan<char> original)
        {
            StringBuilder normalized = new();
            Span<byte> utf8 = stackalloc byte[4];
            foreach (Rune rune in original.EnumerateRunes())
            {
                if (rune.Value == ' ')
                {
                    normalized.Append('\u2581');
                }
                else if (runes.Contains(rune.Value))
                {
                    normalized.Append(rune);
                }
                else
                {
                    foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
                    {
                        normalized.Append((char)(0xDC00 + value));
                    }
                }
            }

            return normalized.ToString();
        }
    }

    private sealed class WholeText : PreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => [(0, text.Length)];

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => [(0, text.Length)];
    }
}
