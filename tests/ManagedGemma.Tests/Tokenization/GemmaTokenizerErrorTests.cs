using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>Files are untrusted: everything wrong is one GemmaException that names the file and the key.</summary>
public sealed class GemmaTokenizerErrorTests
{
    /// <summary>A key's new value (null takes it out), and the subject and the words that the message must have.</summary>
    public static TheoryData<string, string?, string, string> WrongParts => new()
    {
        { "added_tokens", null, "added_tokens", "missing" },
        { "added_tokens", "{}", "added_tokens", "expected an array, found an object" },
        { "added_tokens", "[1]", "added_tokens[0]", "expected an object, found a number" },
        { "added_tokens", """[{"id":0,"content":"<pad>"}]""", "added_tokens[0]", "incomplete" },
        { "added_tokens", """[{"id":0,"content":7,"normalized":false}]""", "added_tokens[0].content", "expected a string, found a number" },
        { "added_tokens", """[{"id":"0","content":"<pad>","normalized":false}]""", "added_tokens[0].id", "found a string" },
        { "added_tokens", """[{"id":-1,"content":"<pad>","normalized":false}]""", "added_tokens[0].id", "found -1" },
        { "added_tokens", """[{"id":1.5,"content":"<pad>","normalized":false}]""", "added_tokens[0].id", "found 1.5" },
        { "added_tokens", """[{"id":99999999999,"content":"<pad>","normalized":false}]""", "added_tokens[0].id", "found 99999999999" },
        { "added_tokens", """[{"id":1048575,"content":"<pad>","normalized":false}]""", "added_tokens[0].id", "0 to 1048574" },
        { "added_tokens", """[{"id":0,"id":0,"content":"<pad>","normalized":false}]""", "added_tokens[0].id", "twice" },
        { "added_tokens", """[{"id":0,"content":"<pad>","normalized":0}]""", "added_tokens[0].normalized", "expected true or false, found a number" },
        { "added_tokens", """[{"id":0,"content":"<pad>","normalized":false,"special":"yes"}]""", "added_tokens[0].special", "found a string" },
        { "added_tokens", """[{"id":0,"content":"<pad>","normalized":true}]""", "added_tokens[0] \"<pad>\"", "normalized" },
        { "added_tokens", """[{"id":0,"content":"<pad>","normalized":false,"lstrip":true}]""", "added_tokens[0] \"<pad>\"", "lstrip" },
        { "added_tokens", """[{"id":0,"content":"<pad>","normalized":false,"rstrip":true}]""", "added_tokens[0] \"<pad>\"", "rstrip" },
        { "added_tokens", """[{"id":0,"content":"<pad>","normalized":false,"single_word":true}]""", "added_tokens[0] \"<pad>\"", "single_word" },
        { "added_tokens", """[{"id":0,"content":"","normalized":false}]""", "added_tokens[0]", "found 0" },
        { "added_tokens", """[{"id":5000,"content":"\ud800","normalized":false}]""", "added_tokens[0].content", "malformed" },
        { "added_tokens", """[{"id":1,"content":"<pad>","normalized":false}]""", "added_tokens[0] \"<pad>\"", "expected 0, found 1" },
        { "added_tokens", """[{"id":1,"content":"new","normalized":false}]""", "added_tokens[0] \"new\"", "<eos>" },
        { "added_tokens", """[{"id":14,"content":"<0x0A>","normalized":false}]""", "added_tokens[0] \"<0x0A>\"", "byte piece" },
        { "added_tokens", """[{"id":0,"content":"<pad>","normalized":false},{"id":0,"content":"<pad>","normalized":false}]""", "added_tokens[1] \"<pad>\"", "twice" },
        { "normalizer", null, "normalizer", "missing" },
        { "normalizer", "null", "normalizer", "expected an object, found null" },
        { "normalizer", """{"type":"NFC"}""", "normalizer", "NFC" },
        { "normalizer", """{"type":"Replace","pattern":{"String":" "},"content":"_"}""", "normalizer", "another kind" },
        { "normalizer", """{"type":"Replace","pattern":{"Regex":" "},"content":"▁"}""", "normalizer", "another kind" },
        { "normalizer", """{"type":"Replace","pattern":" ","content":"▁"}""", "normalizer", "another kind" },
        { "normalizer", """{"type":"Replace","type":"Replace","pattern":{"String":" "},"content":"▁"}""", "normalizer", "malformed" },
        { "normalizer", """{"type":"\ud800"}""", "normalizer", "malformed" },
        { "normalizer", """{"\udc00":1}""", "normalizer", "malformed" },
        { "pre_tokenizer", "[]", "pre_tokenizer", "expected an object, found an array" },
        { "pre_tokenizer", """{"type":"ByteLevel"}""", "pre_tokenizer", "ByteLevel" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"String":"a"}}""", "pre_tokenizer", "another kind" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"String":" "},"behavior":"Removed","invert":true}""", "pre_tokenizer", "another kind" },
        { "post_processor", null, "post_processor", "missing" },
        { "post_processor", "null", "post_processor", "found null" },
        { "post_processor", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"special_tokens":{}}""", "post_processor", "another kind" },
        { "post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<bos>":{"ids":[1]}}}""", "post_processor.special_tokens", "expected 2, found 1" },
        { "post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<s>":{"ids":[2]}}}""", "model.vocab", "\"<s>\"" },
        { "post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<bos>":{"ids":[2,2]}}}""", "post_processor", "another kind" },
        { "decoder", null, "decoder", "missing" },
        { "decoder", """{"type":"ByteLevel"}""", "decoder", "ByteLevel" },
        { "decoder", """{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"}]}""", "decoder", "another kind" },
        { "model", null, "model", "missing" },
        { "model", "null", "model", "expected an object, found null" },
    };

    public static TheoryData<string, string?, string, string> WrongModels => new()
    {
        { "type", null, "model.type", "missing" },
        { "type", "\"Unigram\"", "model.type", "expected \"BPE\", found \"Unigram\"" },
        { "type", "7", "model.type", "found a number" },
        { "byte_fallback", null, "model.byte_fallback", "missing" },
        { "byte_fallback", "false", "model.byte_fallback", "expected true" },
        { "byte_fallback", "\"true\"", "model.byte_fallback", "found a string" },
        { "ignore_merges", "true", "model.ignore_merges", "expected false" },
        { "dropout", "0.1", "model.dropout", "expected null" },
        { "continuing_subword_prefix", "\"##\"", "model.continuing_subword_prefix", "expected null" },
        { "end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix", "expected null" },
        { "vocab", null, "model.vocab", "missing" },
        { "vocab", "[]", "model.vocab", "expected an object, found an array" },
        { "vocab", """{"a":1,"b":"2"}""", "model.vocab: \"b\"", "found a string" },
        { "vocab", """{"a":1,"b":-2}""", "model.vocab: \"b\"", "found -2" },
        { "vocab", """{"a":1,"b":2e3}""", "model.vocab: \"b\"", "found 2e3" },
        { "vocab", """{"a":1,"b":1048575}""", "model.vocab: \"b\"", "0 to 1048574" },
        { "vocab", """{"a":1,"b":1}""", "model.vocab: \"b\"", "\"a\"" },
        { "vocab", """{"a":1,"a":2}""", "model.vocab: \"a\"", "twice" },
        { "vocab", """{"a":1,"\u0061":2}""", "model.vocab: \"a\"", "twice" },
        { "vocab", """{"":1}""", "model.vocab", "found 0" },
        { "vocab", """{"\ud800":1}""", "model.vocab", "malformed" },
        { "merges", null, "model.merges", "missing" },
        { "merges", "{}", "model.merges", "expected an array, found an object" },
        { "merges", "[3]", "model.merges[0]", "found a number" },
        { "merges", """["a b","ab"]""", "model.merges[1]", "found \"ab\"" },
        { "merges", """["a b c"]""", "model.merges[0]", "\"a b c\"" },
        { "merges", """[["a"]]""", "model.merges[0]", "expected two strings" },
        { "merges", """[["a","b","c"]]""", "model.merges[0]", "more than two" },
        { "merges", """[["a",["b"]]]""", "model.merges[0]", "found an array" },
        { "merges", """[["a","b"],["a","q"]]""", "model.merges[1]", "found \"q\"" },
        { "merges", """[["q","a"]]""", "model.merges[0]", "found \"q\"" },
        { "merges", """[["b","a"]]""", "model.merges[0]", "found \"ba\"" },
        { "merges", """[["a","b"],["a","b"]]""", "model.merges[1]", "twice" },
        { "merges", """[["a","b"],"a b"]""", "model.merges[1]", "twice" },
        { "merges", """[["a","\udead"]]""", "model.merges", "malformed" },
        { "merges", """[["<0x00>","a"]]""", "model.merges[0]", "<0x00>a" },
        { "merges", "[[\"a\",\"b", "model.merges", "malformed" },
        { "merges", """[["a","b"],]""", "model.merges", "malformed" },
        { "merges", """[["a","b"]["a","b"]]""", "model.merges", "malformed" },
        { "merges", """[["a" "b"]]""", "model.merges", "malformed" },
        { "merges", """[["a",,"b"]]""", "model.merges", "malformed" },
    };

    [Theory]
    [MemberData(nameof(WrongParts))]
    public void A_wrong_part_is_named(string key, string? value, string subject, string words)
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        json.Parts[key] = value;
        AssertFails(json.ToString(), subject, words);
    }

    [Theory]
    [MemberData(nameof(WrongModels))]
    public void A_wrong_model_is_named(string key, string? value, string subject, string words)
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        json.Model[key] = value;
        AssertFails(json.ToString(), subject, words);
    }

    [Fact]
    public void What_differs_harmlessly_is_taken()
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        json.Parts["pre_tokenizer"] = "null";
        json.Parts["truncation"] = """{"max_length":4}""";
        json.Parts["a key of tomorrow"] = """[{"x":[]}]""";
        json.Parts.Remove("version");
        json.Model["ignore_merges"] = null;
        json.Model["end_of_word_suffix"] = "\"\"";
        json.Model["a key of tomorrow"] = "{}";
        Assert.Equal([2, json.Id("ab")], json.Parse().EncodePrompt("ab"));
    }

    [Fact]
    public void A_byte_piece_must_be_there_and_is_never_the_result_of_a_merge()
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        AssertFails(json.ToString().Replace("\"<0x7F>\"", "\"<0x7f>\"", StringComparison.Ordinal), "model.vocab", "\"<0x7F>\"");
        json.Pieces.AddRange(["<0x0", "A>"]);
        json.Merges.Add("<0x0 A>");
        AssertFails(json.ToString(), "model.merges[1]", "byte piece");
    }

    [Theory]
    [InlineData("<pad>", 0)]
    [InlineData("<eos>", 1)]
    [InlineData("<bos>", 2)]
    public void The_three_tokens_of_a_sequence_must_be_there(string piece, int id)
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        json.AddedTokens.Clear();
        AssertFails(json.ToString().Replace($"\"{piece}\":{id}", $"\"gone\":{id}", StringComparison.Ordinal), "model.vocab", $"\"{piece}\"");
    }

    [Theory]
    [InlineData("\"version\":", "\"model\":{},\"version\":", "model")]
    [InlineData("\"padding\":", "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"},\"padding\":", "normalizer")]
    [InlineData("\"dropout\":", "\"type\":\"BPE\",\"dropout\":", "model.type")]
    [InlineData("\"dropout\":", "\"vocab\":{},\"dropout\":", "model.vocab")]
    [InlineData("\"dropout\":", "\"merges\":[],\"dropout\":", "model.merges")]
    [InlineData("\"dropout\":", "\"d\\u0072opout\":null,\"dropout\":", "model.dropout")]
    public void A_key_that_stands_twice_is_named(string from, string to, string subject)
    {
        string json = TokenizerJson.WithMerges("a b").ToString();
        Assert.Contains(from, json, StringComparison.Ordinal);
        GemmaException exception = Assert.Throws<GemmaException>(() => GemmaTokenizer.Parse(Encoding.UTF8.GetBytes(json.Replace(from, to, StringComparison.Ordinal)), "small.json"));
        Assert.StartsWith($"small.json: {subject}", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{")]
    [InlineData("\ufeff{}")]
    [InlineData("{} {}")]
    [InlineData("// comment")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 33384568\n")]
    public void What_is_no_tokenizer_at_all_is_refused(string text) => AssertFails(text, null, "");

    [Fact]
    public void Nothing_but_white_space_may_follow()
    {
        string json = TokenizerJson.WithMerges("a b").ToString();
        Assert.Equal(2, GemmaTokenizer.Parse(Encoding.UTF8.GetBytes(json + " \n"), "small.json").EncodePrompt("ab").Length);
        foreach (string end in (string[])["{}", "]", "x", "\0", ","])
        {
            AssertFails(json + end, "the end of the file", "malformed");
        }
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        string deep = new string('[', 100_000) + new string(']', 100_000);
        AssertFails($"{{\"version\":{deep}}}", "version", "malformed");
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        json.Model["merges"] = deep;
        AssertFails(json.ToString(), "model.merges[0]", "two strings");
        json.Parts["normalizer"] = deep.Replace("[", "{\"a\":", StringComparison.Ordinal).Replace(']', '}');
        AssertFails(json.ToString(), "normalizer", "malformed");
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] json = Encoding.UTF8.GetBytes(TokenizerJson.WithMerges("a b", "é 😀").ToString());
        for (int length = 0; length < json.Length; length++)
        {
            Assert.Throws<GemmaException>(() => GemmaTokenizer.Parse(json.AsSpan(0, length), "small.json"));
        }
    }

    [Fact]
    public void Changed_bytes_give_a_tokenizer_or_one_exception()
    {
        byte[] json = Encoding.UTF8.GetBytes(TokenizerJson.WithMerges("a b", "é 😀", "\n \"").ToString());
        byte[] telling = "\"\\{}[]:,0n\x00\x80\xC3\xED\xFF"u8.ToArray();
        Gen<byte> bytes = Gen.OneOf(Gen.Elements(telling), ArbMap.Default.GeneratorFor<byte>());
        Gen<List<(int At, byte Value)>> changes = Gen.NonEmptyListOf(Gen.Zip(Gen.Choose(0, json.Length - 1), bytes).Select(pair => (pair.Item1, pair.Item2))).Select(list => list.Take(4).ToList());
        int accepted = 0;
        Prop.ForAll(Arb.From(changes), list =>
        {
            byte[] changed = [.. json];
            foreach ((int at, byte value) in list)
            {
                changed[at] = value;
            }

            try
            {
                GemmaTokenizer tokenizer = GemmaTokenizer.Parse(changed, "small.json");
                Assert.NotEmpty(tokenizer.Decode(tokenizer.EncodePrompt("ab é😀 <eos>\n\"")));
                accepted++;
            }
            catch (GemmaException exception)
            {
                Assert.StartsWith("small.json: ", exception.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', exception.Message);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        Assert.InRange(accepted, 1, 2999);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused_where_they_matter()
    {
        foreach ((string key, string subject) in ((string, string)[])[("\"ab\"", "model.vocab"), ("\"<eos>\"", "added_tokens[1].content"), ("\"Replace\"", "normalizer")])
        {
            byte[] json = Encoding.UTF8.GetBytes(TokenizerJson.WithMerges("a b").ToString());
            int at = json.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key));
            json[at + 1] = 0xFF;
            GemmaException exception = Assert.Throws<GemmaException>(() => GemmaTokenizer.Parse(json, "small.json"));
            Assert.StartsWith($"small.json: {subject}: ", exception.Message, StringComparison.Ordinal);
            Assert.Contains("UTF-8", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_named()
    {
        string missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString(), "tokenizer.json");
        Assert.Equal(missing, Assert.Throws<GemmaException>(() => GemmaTokenizer.Load(missing)).FilePath);
        Assert.Equal(Path.GetTempPath(), Assert.Throws<GemmaException>(() => GemmaTokenizer.Load(Path.GetTempPath())).FilePath);
        Assert.Throws<GemmaException>(() => GemmaTokenizer.Load(""));
        Assert.Throws<ArgumentNullException>(() => GemmaTokenizer.Load(null!));
    }

    [Fact]
    public void A_file_is_loaded_like_its_bytes()
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid() + ".json");
        File.WriteAllText(path, json.ToString());
        try
        {
            Assert.Equal(json.Parse().EncodePrompt("ab a"), GemmaTokenizer.Load(path).EncodePrompt("ab a"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void AssertFails(string json, string? subject, string words)
    {
        GemmaException exception = Assert.Throws<GemmaException>(() => GemmaTokenizer.Parse(Encoding.UTF8.GetBytes(json), "small.json"));
        Assert.StartsWith(subject is null ? "small.json: " : $"small.json: {subject}: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
    }
}
