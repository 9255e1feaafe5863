using System.Text.Json;

namespace ManagedGemma.Cli.Tests.Support;

/// <summary>A tokenizer.json of Gemma's kind with 268 pieces: specials, bytes, "fox" by merges, and one that clears terminals.</summary>
internal static class TinyTokenizer
{
    public const string Nasty = "\u001b[2J";

    /// <summary>BOS, "fox" after a space, the nasty piece.</summary>
    public const int Bos = 2, SpacedFox = 266, NastyId = 267;

    private const string Parts = """
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false},
        "post_processor": {"type": "TemplateProcessing",
          "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
          "pair": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "<bos>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
          "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}}},
        "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
        """;

    /// <summary>Writes it as tokenizer.json.</summary>
    public static void Write(string directory)
    {
        List<string> pieces = ["<pad>", "<eos>", "<bos>", "<unk>"];
        string added = string.Join(',', pieces.Select((piece, id) =>
            $$"""{"id": {{id}}, "content": "{{piece}}", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"""));
        pieces.AddRange(Enumerable.Range(0, 256).Select(x => $"<0x{x:X2}>"));
        pieces.AddRange(["\u2581", "f", "o", "x", "fo", "fox", "\u2581fox", Nasty]);
        string vocabulary = string.Join(',', pieces.Select((piece, id) => $"\"{JsonEncodedText.Encode(piece)}\": {id}"));
        File.WriteAllText(
            Path.Combine(directory, "tokenizer.json"),
            $$"""
            {"version": "1.0", "added_tokens": [{{added}}], {{Parts}}
             "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null, "end_of_word_suffix": null,
              "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
              "vocab": { {{vocabulary}} }, "merges": [["f", "o"], ["fo", "x"], ["\u2581", "fox"]] } }
            """);
    }
}
