using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>
/// A small tokenizer.json in Gemma's form. Ids: 0 pad, 1 eos, 2 bos, 3 unk, 4..259 the bytes, then the pieces given. Each
/// part is raw JSON that a test may replace or take out.
/// </summary>
internal sealed class TokenizerJson
{
    public const int FirstPieceId = 260;

    public List<string> Pieces { get; } = [];

    public List<string> Merges { get; } = [];

    /// <summary>Raw JSON of each added token.</summary>
    public List<string> AddedTokens { get; } =
    [
        Added(0, "<pad>", special: true), Added(1, "<eos>", special: true), Added(2, "<bos>", special: true), Added(3, "<unk>", special: true),
    ];

    /// <summary>Raw JSON by key, in the file's order; null leaves the key out.</summary>
    public OrderedDictionary<string, string?> Parts { get; } = new()
    {
        ["version"] = "\"1.0\"",
        ["truncation"] = "null",
        ["padding"] = "null",
        ["added_tokens"] = "",
        ["normalizer"] = """{"type":"Replace","pattern":{"String":" "},"content":"▁"}""",
        ["pre_tokenizer"] = """{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}""",
        ["post_processor"] = """
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
             "pair":[],"special_tokens":{"<bos>":{"id":"<bos>","ids":[2],"tokens":["<bos>"]}}}
            """,
        ["decoder"] = """
            {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]}
            """,
        ["model"] = "",
    };

    /// <summary>Raw JSON of the model's keys, in the file's order; null leaves the key out.</summary>
    public OrderedDictionary<string, string?> Model { get; } = new()
    {
        ["type"] = "\"BPE\"",
        ["dropout"] = "null",
        ["unk_token"] = "\"<unk>\"",
        ["continuing_subword_prefix"] = "null",
        ["end_of_word_suffix"] = "null",
        ["fuse_unk"] = "true",
        ["byte_fallback"] = "true",
        ["ignore_merges"] = "false",
        ["vocab"] = "",
        ["merges"] = "",
    };

    public bool MergesAsStrings { get; init; }

    /// <summary>Makes pieces and merges: "a b" merges a with b; the parts and the result become pieces where they are not yet.</summary>
    public static TokenizerJson WithMerges(params string[] merges)
    {
        TokenizerJson json = new();
        foreach (string merge in merges)
        {
            string[] parts = merge.Split(' ');
            foreach (string piece in (string[])[.. parts.SelectMany(part => part.EnumerateRunes()).Select(rune => rune.ToString()), string.Concat(parts)])
            {
                if (!json.Pieces.Contains(piece))
                {
                    json.Pieces.Add(piece);
                }
            }

            json.Merges.Add(merge);
        }

        return json;
    }

    public static string Added(int id, string content, bool special = false) =>
        $$"""
        {"id":{{id}},"content":{{Quote(content)}},"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":{{(special ? "true" : "false")}}}
        """;

    public static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    public int Id(string piece) => FirstPieceId + Pieces.IndexOf(piece);

    public GemmaTokenizer Parse() => GemmaTokenizer.Parse(Encoding.UTF8.GetBytes(ToString()), "small.json");

    public override string ToString()
    {
        IEnumerable<string> names = ["<pad>", "<eos>", "<bos>", "<unk>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), .. Pieces];
        string vocabulary = string.Join(",", names.Select((name, id) => string.Create(CultureInfo.InvariantCulture, $"{Quote(name)}:{id}")));
        string merges = string.Join(",", Merges.Select(merge => MergesAsStrings ? Quote(merge) : $"[{string.Join(",", merge.Split(' ').Select(Quote))}]"));
        OrderedDictionary<string, string?> model = new(Model);
        model["vocab"] = model["vocab"] is "" ? $"{{{vocabulary}}}" : model["vocab"];
        model["merges"] = model["merges"] is "" ? $"[{merges}]" : model["merges"];
        OrderedDictionary<string, string?> parts = new(Parts);
        parts["added_tokens"] = parts["added_tokens"] is "" ? $"[{string.Join(",", AddedTokens)}]" : parts["added_tokens"];
        parts["model"] = parts["model"] is "" ? Join(model) : parts["model"];
        return Join(parts);
    }

    private static string Join(OrderedDictionary<string, string?> parts) =>
        $"{{{string.Join(",", parts.Where(part => part.Value is not null).Select(part => $"\"{part.Key}\":{part.Value}"))}}}";
}
