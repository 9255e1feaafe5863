using System.Text;
using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>
/// Tokenizers from vocabularies inside weight files, made from the real tokenizer.json as converters make them: they must be the
/// tokenizer that Hugging Face's converter made of the same vocabulary.
/// </summary>
public sealed class ScoredVocabularyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [RealModelTheory]
    [InlineData("gguf")]
    [InlineData("sentencepiece")]
    public void Ids_are_exactly_those_of_hugging_face(string kind)
    {
        GemmaTokenizer tokenizer = GemmaTokenizer.LoadFor(kind == "gguf" ? WriteGguf(RealVocabulary()) : WriteSentencePiece(RealVocabulary()));
        int count = 0;
        foreach (TokenizerFixtures.Case one in TokenizerFixtures.Read("named.jsonl").Concat(TokenizerFixtures.Read("random.jsonl")))
        {
            Assert.True(one.Ids.AsSpan().SequenceEqual(tokenizer.EncodePrompt(one.Text)), $"{one.Name}: {TokenizerFixtures.Show(one.Text)}");
            count++;
        }

        Assert.Equal(1560, count);
        Assert.Equal(TokenizerFixtures.Real.VocabularySize, tokenizer.VocabularySize);
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            Assert.Equal(TokenizerFixtures.Real.PieceOf(id), tokenizer.PieceOf(id));
            Assert.Equal(TokenizerFixtures.Real.Decode([id]), tokenizer.Decode([id]));
        }
    }

    // Stronger than any texts: the same merges in the same order. Those of line feeds and tabs never act: runs of them are found in
    // raw text.
    [RealModelFact]
    public void The_merges_are_those_of_the_tokenizer_json_in_the_same_order()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(TokenizerFixtures.RealPath));
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(WriteGguf(RealVocabulary()));
        TokenizerDefinition definition = ScoredVocabularyReader.Read(checkpoint.ReadVocabulary()!);
        int rank = 0, leftOut = 0;
        foreach (JsonElement merge in json.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray())
        {
            string left = merge[0].GetString()!, right = merge[1].GetString()!;
            if (left[0] is '\n' or '\t')
            {
                leftOut++;
                continue;
            }

            int leftId = definition.Pieces.Find(Encoding.UTF8.GetBytes(left)), rightId = definition.Pieces.Find(Encoding.UTF8.GetBytes(right));
            Assert.True(rank == definition.Merges.RankOf(leftId, rightId), TokenizerFixtures.Show($"{left} {right}"));
            Assert.Equal(left + right, Encoding.UTF8.GetString(definition.Pieces.Utf8Of(definition.Merges.ResultOf(rank))));
            rank++;
        }

        Assert.Equal((definition.Merges.Count, 930), (rank, leftOut));
    }

    [Fact]
    public void Scores_order_merges_and_equal_scores_the_longer_left_part()
    {
        List<Piece> pieces = Small();
        pieces.AddRange([new("a", 0, 1), new("b", 0, 1), new("c", 0, 1), new("ab", -2, 1), new("bc", -1, 1), new("abc", -3, 1)]);
        GemmaTokenizer tokenizer = GemmaTokenizer.LoadFor(WriteGguf(pieces));
        Assert.Equal(["abc"], Pieces(tokenizer, "abc"));
        Assert.Equal(["bc", "ab"], Pieces(tokenizer, "bcab"));
        Assert.Equal(["<0x64>", "a"], Pieces(tokenizer, "da"));
    }

    [Fact]
    public void Runs_of_spaces_go_before_words_and_spaces_stand_for_them_in_files()
    {
        List<Piece> pieces = Small();
        pieces.AddRange([new("\u2581", -9, 1), new("a", -9, 1), new("\u2581a", -1, 1), new("  ", -1000, 4), new("   ", -1000, 4)]);
        GemmaTokenizer tokenizer = GemmaTokenizer.LoadFor(WriteGguf(pieces));
        Assert.Equal(["\u2581a"], Pieces(tokenizer, " a"));
        Assert.Equal(["\u2581\u2581", "a"], Pieces(tokenizer, "  a"));
        Assert.Equal(["\u2581\u2581\u2581", "\u2581a"], Pieces(tokenizer, "    a"));
        Assert.Equal(["\u2581\u2581\u2581"], Pieces(tokenizer, "\u2581\u2581\u2581"));

        // The longer left part first: the pair grows before a second one is made.
        Assert.Equal(["\u2581\u2581\u2581", "\u2581\u2581"], Pieces(tokenizer, "     "));
    }

    [Fact]
    public void Vocabularies_that_are_not_whole_are_refused()
    {
        void Refused(Action<List<Piece>> change, string says)
        {
            List<Piece> pieces = Small();
            change(pieces);
            Assert.Contains(says, Refusal(WriteGguf(pieces)), StringComparison.Ordinal);
        }

        Refused(x => x.RemoveAt(70), "tokenizer.ggml.tokens: a piece is missing (expected \"<0x42>\")");
        Refused(x => x.RemoveAt(1), "a piece is missing (expected \"<eos>\")");
        Refused(x => x.Add(new("<eos>", 0, 1)), "tokenizer.ggml.tokens[260] \"<eos>\": the piece stands twice (found also piece 1)");
        Refused(x => x.Add(new("", 0, 1)), "[260] \"\": the piece is empty or too long");
        Refused(x => x.Add(new(new string('a', 257), 0, 1)), "the piece is empty or too long");
        Refused(x => x.Add(new("a", float.NaN, 1)), "[260] \"a\": the piece's score is not a number");
        Refused(x => x[70] = x[70] with { Kind = 3 }, "the piece of a byte has another kind (expected 6, found 3)");
    }

    [Fact]
    public void Metadata_of_another_kind_is_refused()
    {
        void Refused(GgufBuilder builder, string says) => Assert.Contains(says, Refusal(builder.Write(_directory["m.gguf"])), StringComparison.Ordinal);
        GgufBuilder Sound() => Gguf(Small());
        Refused(Sound().Add("tokenizer.ggml.model", "gpt2"), "put a tokenizer.json beside the file (expected llama, found gpt2)");
        Refused(Sound().Remove("tokenizer.ggml.model"), "found nothing");
        Refused(Sound().Add("tokenizer.ggml.add_space_prefix", true), "add_space_prefix");
        Refused(Sound().Add("tokenizer.ggml.scores", new[] { 1f }), "tokenizer.ggml.scores: does not match tokenizer.ggml.tokens (expected 260 elements, found 1)");
        Refused(Sound().Add("tokenizer.ggml.token_type", new[] { 1f }), "tokenizer.ggml.token_type: has the wrong type (expected an array of I32, found an array of F32)");
        Refused(Sound().Remove("tokenizer.ggml.scores"), "tokenizer.ggml.scores: the key is missing");
        Refused(Sound().Add("tokenizer.ggml.bos_token_id", 260u), "the first token's id has no piece (expected an id below 260, found 260)");
        Refused(Sound().Remove("tokenizer.ggml.tokens"), "there is no tokenizer beside the weights (expected tokenizer.json)");
    }

    [Fact]
    public void A_sentencepiece_model_that_is_damaged_or_of_another_kind_names_the_remedy()
    {
        void Refused(byte[] model, string says)
        {
            string message = Refusal(WriteWeights(model));
            Assert.Contains($"spiece_model: the SentencePiece model {says}", message, StringComparison.Ordinal);
            Assert.Contains("expected a tokenizer.json beside the weights", message, StringComparison.Ordinal);
        }

        byte[] sound = SentencePiece(Small());
        GemmaTokenizer.LoadFor(WriteWeights(sound));
        Refused([], "holds no pieces");
        Refused(sound[..^1], "is damaged");
        Refused([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "is damaged");
        Refused([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], "is damaged");
        Refused([0x0B], "is damaged");
        Refused(SentencePiece(Small(), modelType: 1), "is not byte-pair encoding (");
        Refused(SentencePiece(Small(), byteFallback: false), "has no byte fallback");
        Refused(SentencePiece(Small(), addsPrefix: true), "puts a space before every text");
        for (int length = 0; length < sound.Length; length += 7)
        {
            Refusal(WriteWeights(sound[..length]));
        }
    }

    [Fact]
    public void The_zoo_s_random_bytes_are_no_sentencepiece_model()
    {
        string message = Refusal(Path.Combine(TestFiles.Fixtures, "zoo", "comfy"));
        Assert.Contains("gemma_3_tiny_it.safetensors: spiece_model: the SentencePiece model is damaged", message, StringComparison.Ordinal);
    }

    private static string Refusal(string path) => Assert.Throws<GemmaException>(() => GemmaTokenizer.LoadFor(path)).Message;

    private static IEnumerable<string?> Pieces(GemmaTokenizer tokenizer, string text) =>
        tokenizer.EncodePrompt(text, addBos: false).Select(tokenizer.PieceOf);

    /// <summary>The special pieces and all bytes.</summary>
    private static List<Piece> Small() =>
    [
        new("<pad>", -1000, 3), new("<eos>", -1000, 3), new("<bos>", -1000, 3), new("<unk>", -1000, 2),
        .. Enumerable.Range(0, 256).Select(x => new Piece(TokenizerJsonReader.ByteName(x), 0, 6)),
    ];

    /// <summary>The real vocabulary with kinds and scores as in the real GGUF files: control, user-defined, bytes; 0, -1, -2 … from id 494 on.</summary>
    private static List<Piece> RealVocabulary()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(TokenizerFixtures.RealPath));
        Dictionary<int, string> added = json.RootElement.GetProperty("added_tokens").EnumerateArray()
            .ToDictionary(x => x.GetProperty("id").GetInt32(), x => x.GetProperty("content").GetString()!);
        SortedDictionary<int, string> texts = new(added);
        foreach (JsonProperty piece in json.RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject())
        {
            texts[piece.Value.GetInt32()] = piece.Name;
        }

        return
        [
            .. texts.Select(x => added.ContainsKey(x.Key)
                ? new Piece(x.Value, -1000, x.Value[0] is '<' or '[' ? 3 : 4)
                : new Piece(x.Value, x.Key < 494 ? -1000 : 494 - x.Key, x.Key is >= 238 and < 494 ? 6 : 1)),
        ];
    }

    private string WriteGguf(List<Piece> pieces) => Gguf(pieces).Write(_directory["m.gguf"]);

    private static GgufBuilder Gguf(List<Piece> pieces) => GgufBuilder.Tiny()
        .Add("tokenizer.ggml.model", "llama")
        .Add("tokenizer.ggml.tokens", [.. pieces.Select(x => x.Kind == 4 && x.Text.All(c => c == '\u2581') ? x.Text.Replace('\u2581', ' ') : x.Text)])
        .Add("tokenizer.ggml.scores", [.. pieces.Select(x => x.Score)])
        .Add("tokenizer.ggml.token_type", [.. pieces.Select(x => x.Kind)])
        .Add("tokenizer.ggml.bos_token_id", 2u)
        .Add("tokenizer.ggml.add_space_prefix", false)
        .Tensor("token_embd.weight", ManagedGemma.Checkpoints.Gguf.GgufType.F32, [1, 32]);

    private string WriteSentencePiece(List<Piece> pieces) => WriteWeights(SentencePiece(pieces));

    /// <summary>A ModelProto as the SentencePiece library writes it: pieces, trainer, normaliser.</summary>
    private static byte[] SentencePiece(List<Piece> pieces, byte modelType = 2, bool byteFallback = true, bool addsPrefix = false)
    {
        using MemoryStream model = new();
        foreach ((string text, float score, int kind) in pieces)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            Message(model, 1, [0x0A, .. Number(utf8.Length), .. utf8, 0x15, .. BitConverter.GetBytes(score), 0x18, (byte)kind]);
        }

        Message(model, 2, [0x18, modelType, .. Number((35 << 3) | 0), byteFallback ? (byte)1 : (byte)0, .. Number((41 << 3) | 0), 2]);
        Message(model, 3, [0x0A, 8, .. "identity"u8, 0x18, addsPrefix ? (byte)1 : (byte)0]);
        return model.ToArray();

        static void Message(MemoryStream model, int field, byte[] content) => model.Write([(byte)((field << 3) | 2), .. Number(content.Length), .. content]);

        static byte[] Number(int value) => value < 128 ? [(byte)value] : [(byte)(value | 128), .. Number(value >> 7)];
    }

    /// <summary>The tiny ComfyUI file with another spiece_model.</summary>
    private string WriteWeights(byte[] model)
    {
        string path = _directory["gemma.safetensors"];
        using SafetensorsFile source = SafetensorsFile.Open(Path.Combine(TestFiles.Fixtures, "zoo", "comfy", "gemma_3_tiny_it.safetensors"));
        List<TensorView> tensors = [.. source.Tensors.Where(x => x.Name != "spiece_model")];
        using FileStream stream = File.Create(path);
        using SafetensorsWriter writer = SafetensorsWriter.Create(
            stream, [.. tensors.Select(x => new SafetensorsSpec(x.Name, x.ElementType, x.Shape)), new SafetensorsSpec("spiece_model", ElementType.U8, [model.Length])]);
        foreach (TensorView tensor in tensors)
        {
            byte[] bytes = new byte[tensor.ByteLength];
            tensor.CopyTo(0, bytes);
            writer.Begin(tensor.Name);
            writer.Write(bytes);
        }

        writer.Begin("spiece_model");
        writer.Write(model);
        writer.Complete();
        return path;
    }

    private sealed record Piece(string Text, float Score, int Kind);
}
