using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ManagedGemma.Tokenization;
using Microsoft.ML.Tokenizers;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>Encoding and decoding with small tokenizers made by hand.</summary>
public sealed class GemmaTokenizerTests
{
    private static readonly string[] Syllables = ["a b", "ab a", "b a", "a a", "aa a", "aa aa", "▁ a", "▁ ▁", "▁▁ ▁", "> ▁", ">▁ <", "b b", "ab ab", "abab ab", "é a", "😀 😀"];

    [Fact]
    public void The_empty_text_is_bos_alone()
    {
        Assert.Equal([2], TokenizerJson.WithMerges("a b").Parse().EncodePrompt(""));
    }

    [Fact]
    public void The_best_merge_comes_first_wherever_it_stands()
    {
        TokenizerJson json = TokenizerJson.WithMerges("b c", "a b", "ab c");
        Assert.Equal(["a", "bc"], Pieces(json.Parse(), "abc"));
        Assert.Equal(["abc"], Pieces(TokenizerJson.WithMerges("a b", "b c", "ab c").Parse(), "abc"));
    }

    [Fact]
    public void Of_equal_merges_the_leftmost_comes_first()
    {
        Assert.Equal(["aa", "a"], Pieces(TokenizerJson.WithMerges("a a").Parse(), "aaa"));
        string run = new('a', 101);
        Assert.Equal([.. Enumerable.Repeat("aa", 50), "a"], Pieces(TokenizerJson.WithMerges("a a").Parse(), run));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Merges_may_be_arrays_or_strings(bool strings)
    {
        TokenizerJson json = new() { MergesAsStrings = strings };
        json.Pieces.AddRange(["a", "b", "\n", "\"", "ab", "\n\"", "\n\"a"]);
        json.Merges.AddRange(["a b", "\n \"", "\n\" a"]);
        Assert.Equal(["ab", "\n\"a"], Pieces(json.Parse(), "ab\n\"a"));
    }

    [Fact]
    public void Merges_may_stand_before_the_vocabulary()
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b");
        string? vocabulary = json.Model["vocab"];
        json.Model.Remove("vocab");
        json.Model.Add("vocab", vocabulary);
        Assert.True(json.ToString().IndexOf("\"merges\":", StringComparison.Ordinal) < json.ToString().IndexOf("\"vocab\":", StringComparison.Ordinal));
        Assert.Equal(["ab"], Pieces(json.Parse(), "ab"));
    }

    [Fact]
    public void An_indented_and_fully_escaped_file_is_the_same_tokenizer()
    {
        TokenizerJson json = TokenizerJson.WithMerges("é a", "▁ é", "😀 😀");
        string indented = System.Text.Json.Nodes.JsonNode.Parse(json.ToString())!.ToJsonString(new() { WriteIndented = true });
        Assert.Contains("\\u2581", indented, StringComparison.Ordinal);
        GemmaTokenizer tokenizer = GemmaTokenizer.Parse(Encoding.UTF8.GetBytes(indented), "indented.json");
        Assert.Equal(json.Parse().EncodePrompt(" éa😀😀"), tokenizer.EncodePrompt(" éa😀😀"));
    }

    [Fact]
    public void Spaces_are_the_metaspace()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("▁ a").Parse();
        Assert.Equal(["▁", "▁a", "▁"], Pieces(tokenizer, "  a "));
        Assert.Equal("  a ", tokenizer.Decode(tokenizer.EncodePrompt("  a ")));
    }

    [Fact]
    public void What_is_no_piece_becomes_its_bytes_and_parts_the_merges()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a a").Parse();
        Assert.Equal(["a", "<0xC3>", "<0xA9>", "a", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "aa"], Pieces(tokenizer, "aéa😀aa"));
        Assert.Equal("aéa😀aa", tokenizer.Decode(tokenizer.EncodePrompt("aéa😀aa")));
    }

    [Fact]
    public void Lone_surrogates_are_the_replacement_character()
    {
        TokenizerJson json = TokenizerJson.WithMerges("a \ufffd");
        GemmaTokenizer tokenizer = json.Parse();
        foreach (string text in (string[])["a\ud83d", "a\ude00", "a\ufffd"])
        {
            Assert.Equal(["a\ufffd"], Pieces(tokenizer, text));
        }

        Assert.Equal(["\ufffd", "\ufffd"], Pieces(tokenizer, "\ude00\ud83d"));
        Assert.Equal(["<0xEF>", "<0xBF>", "<0xBD>"], Pieces(TokenizerJson.WithMerges("a a").Parse(), "\ud83d"));
    }

    [Fact]
    public void Added_tokens_are_matched_leftmost_and_longest_before_spaces_are_replaced()
    {
        TokenizerJson json = TokenizerJson.WithMerges("a b", "b c");
        json.Pieces.AddRange(["<x>", "<x>y", "d e"]);
        json.AddedTokens.AddRange(
        [
            TokenizerJson.Added(json.Id("<x>"), "<x>"), TokenizerJson.Added(json.Id("<x>y"), "<x>y"), TokenizerJson.Added(900, "yz"), TokenizerJson.Added(json.Id("d e"), "d e"),
        ]);
        GemmaTokenizer tokenizer = json.Parse();
        Assert.Equal(901, tokenizer.VocabularySize);
        Assert.Equal(["ab", "<x>", "c"], Pieces(tokenizer, "ab<x>c"));
        Assert.Equal(["<x>y", "<0x7A>"], Pieces(tokenizer, "<x>yz"));
        Assert.Equal(["<0x78>", "yz"], Pieces(tokenizer, "xyz"));
        Assert.Equal(["d e"], Pieces(tokenizer, "d e"));
        Assert.Equal(["<0x3C>", "<x>", "<0x3C>", "<0x78>"], Pieces(tokenizer, "<<x><x"));
    }

    [Fact]
    public void Special_tokens_are_left_out_unless_they_are_wanted()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a b").Parse();
        int[] ids = tokenizer.EncodePrompt("a<eos>b<unk>");
        Assert.Equal("ab", tokenizer.Decode(ids));
        Assert.Equal("<bos>a<eos>b<unk>", tokenizer.Decode(ids, keepSpecialTokens: true));
        Assert.Equal(ids[1..], tokenizer.EncodePrompt("a<eos>b<unk>", addBos: false));
    }

    [Fact]
    public void Bytes_that_are_not_well_formed_become_a_replacement_character_each()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a b").Parse();
        int a = tokenizer.IdOf("a")!.Value;
        int c3 = tokenizer.IdOf("<0xC3>")!.Value;
        int a9 = tokenizer.IdOf("<0xA9>")!.Value;
        Assert.Equal("aéa", tokenizer.Decode([a, c3, a9, a]));
        Assert.Equal("é", tokenizer.Decode([c3, 1, a9]));
        Assert.Equal("\ufffd<eos>\ufffd", tokenizer.Decode([c3, 1, a9], keepSpecialTokens: true));
        Assert.Equal("\ufffd\ufffd\ufffda", tokenizer.Decode([c3, a9, c3, a]));
    }

    [Fact]
    public void Ids_without_a_piece_are_refused()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a b").Parse();
        foreach (int id in (int[])[-1, int.MinValue, int.MaxValue, tokenizer.VocabularySize])
        {
            Assert.Null(tokenizer.PieceOf(id));
            Assert.Throws<InvalidOperationException>(() => tokenizer.Decode([2, id]));
            Assert.Equal(OperationStatus.InvalidData, tokenizer.Decode([2, id], new char[9], out int consumed, out _));
            Assert.Equal(1, consumed);
        }
    }

    [Fact]
    public void Decoding_into_a_buffer_stops_where_it_is_full_and_can_go_on()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a b", "ab ab", "▁ a").Parse();
        const string Text = "abab éé ab a😀";
        int[] ids = tokenizer.EncodePrompt(Text);
        for (int size = 4; size < 20; size++)
        {
            StringBuilder text = new();
            char[] buffer = new char[size];
            int done = 0;
            OperationStatus status;
            do
            {
                status = tokenizer.Decode(ids[done..], buffer, out int consumed, out int written);
                Assert.NotEqual(OperationStatus.InvalidData, status);
                Assert.True(consumed > 0 || status == OperationStatus.Done);
                text.Append(buffer, 0, written);
                done += consumed;
            }
            while (status == OperationStatus.DestinationTooSmall);
            Assert.Equal(Text, text.ToString());
            Assert.Equal(ids.Length, done);
        }
    }

    [Fact]
    public void A_maximum_keeps_the_first_tokens_and_tells_the_total()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a b").Parse();
        int[] all = tokenizer.EncodePrompt("abéab");
        Assert.Equal(5, all.Length);
        for (int max = 0; max < 8; max++)
        {
            Assert.Equal(all.Take(max), tokenizer.EncodePrompt("abéab", max, out int total));
            Assert.Equal(5, total);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.EncodePrompt("a", -1, out _));
    }

    [Fact]
    public void The_library_surface_counts_whole_characters()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a b").Parse();
        const string Text = "ab😀b";
        int[] consumed = [.. Enumerable.Range(1, 7).Select(max =>
        {
            Assert.Equal(Math.Min(max, 7), tokenizer.EncodeToIds(Text, max, out string? normalized, out int chars).Count);
            Assert.Null(normalized);
            return chars;
        })];
        Assert.Equal([0, 2, 2, 2, 2, 4, 5], consumed);
        int[] counts = new int[8];
        int[] heads = [.. Enumerable.Range(1, 7).Select(max => tokenizer.GetIndexByTokenCount(Text, max, out _, out counts[max]))];
        Assert.Equal([0, 2, 2, 2, 2, 4, 5], heads);
        Assert.Equal([1, 2, 2, 2, 2, 6, 7], counts[1..]);
        int[] tails = [.. Enumerable.Range(1, 7).Select(max => tokenizer.GetIndexByTokenCountFromEnd(Text, max, out _, out counts[max]))];
        Assert.Equal([5, 4, 4, 4, 4, 2, 0], tails);
        Assert.Equal([1, 2, 2, 2, 2, 6, 7], counts[1..]);
        Assert.Equal(7, tokenizer.CountTokens(Text));
    }

    [Fact]
    public void Offsets_are_places_in_the_text_and_bytes_share_their_characters()
    {
        TokenizerJson json = TokenizerJson.WithMerges("▁ a");
        IReadOnlyList<EncodedToken> tokens = json.Parse().EncodeToTokens(" a😀<eos>\ud800a", out _);
        Range emoji = new(2, 4);
        Range lone = new(9, 10);
        Assert.Equal(
            [new(0, 0), new(0, 2), emoji, emoji, emoji, emoji, new(4, 9), lone, lone, lone, new(10, 11)],
            tokens.Select(token => token.Offset));
        Assert.Equal(["<bos>", "▁a", "<0xF0>"], tokens.Take(3).Select(token => token.Value));
    }

    [Fact]
    public void Scan_and_heap_and_the_library_agree_on_random_text()
    {
        TokenizerJson json = TokenizerJson.WithMerges(Syllables);
        GemmaTokenizer tokenizer = json.Parse();
        LibraryOracle oracle = LibraryOracle.Parse(Encoding.UTF8.GetBytes(json.ToString()));
        MergeTable merges = TokenizerJsonReader.Read(Encoding.UTF8.GetBytes(json.ToString()), "small.json").Merges;
        Gen<string> texts = Gen.ListOf(Gen.Elements("a", "b", " ", "▁", ">", "<", "é", "😀", "x", "<eos>")).Select(string.Concat);
        Prop.ForAll(Arb.From(texts), text =>
        {
            Assert.Equal(oracle.Encode(text), tokenizer.EncodePrompt(text));
            int[] symbols = [.. text.EnumerateRunes().Select(rune => tokenizer.IdOf(rune.Value == ' ' ? "▁" : rune.ToString()) ?? 4)];
            int[] scanned = [.. symbols];
            int[] heaped = [.. symbols];
            scanned = scanned[..MergeLoop.RunScan(scanned, merges)];
            heaped = heaped[..(heaped.Length == 0 ? 0 : MergeLoop.RunHeap(heaped, merges))];
            Assert.Equal(scanned, heaped);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void One_run_of_a_million_symbols_is_merged()
    {
        GemmaTokenizer tokenizer = TokenizerJson.WithMerges("a a", "aa aa", "aaaa aaaa").Parse();
        int[] ids = tokenizer.EncodePrompt(new string('a', 1_000_003));
        Assert.Equal(1 + 125_000 + 2, ids.Length);
        Assert.Equal(["aaaaaaaa", "aa", "a"], ids[^3..].Select(id => tokenizer.PieceOf(id)!));
    }

    private static string[] Pieces(GemmaTokenizer tokenizer, string text)
    {
        int[] ids = tokenizer.EncodePrompt(text);
        Assert.Equal(2, ids[0]);
        return [.. ids.Skip(1).Select(id => tokenizer.PieceOf(id)!)];
    }
}
