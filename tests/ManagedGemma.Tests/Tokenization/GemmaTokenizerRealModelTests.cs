using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;
using Microsoft.ML.Tokenizers;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>The real tokenizer.json against Hugging Face's ids and against an oracle made of the library's BPE.</summary>
public sealed class GemmaTokenizerRealModelTests
{
    [RealModelTheory]
    [InlineData("named.jsonl", 60)]
    [InlineData("random.jsonl", 1500)]
    public void Ids_are_exactly_those_of_hugging_face(string file, int count)
    {
        int checkedCases = 0;
        foreach (TokenizerFixtures.Case one in TokenizerFixtures.Read(file))
        {
            int[] ids = TokenizerFixtures.Real.EncodePrompt(one.Text);
            Assert.True(one.Ids.AsSpan().SequenceEqual(ids), $"{one.Name}: {TokenizerFixtures.Show(one.Text)}");
            Assert.Equal(one.Ids, TokenizerFixtures.Real.EncodeToIds(one.Text));
            Assert.Equal(one.Ids.Length, TokenizerFixtures.Real.CountTokens(one.Text));
            checkedCases++;
        }

        Assert.Equal(count, checkedCases);
    }

    [RealModelTheory]
    [InlineData("named.jsonl")]
    [InlineData("random.jsonl")]
    public void Tokens_cover_the_text_in_order_and_their_pieces_are_the_text(string file)
    {
        foreach (TokenizerFixtures.Case one in TokenizerFixtures.Read(file))
        {
            IReadOnlyList<EncodedToken> tokens = TokenizerFixtures.Real.EncodeToTokens(one.Text, out string? normalized);
            Assert.Null(normalized);
            Assert.Equal(one.Ids, tokens.Select(token => token.Id));
            Assert.Equal(new EncodedToken(2, "<bos>", new Range(0, 0)), tokens[0]);
            int end = 0;
            foreach (EncodedToken token in tokens.Skip(1))
            {
                (int start, int length) = token.Offset.GetOffsetAndLength(one.Text.Length);
                string covered = one.Text.Substring(start, length);
                if (token.Id is >= 238 and <= 493)
                {
                    // A byte of one character: its neighbours have the same place.
                    Assert.True(start == end || start + length == end);
                    Assert.Equal(length, char.IsHighSurrogate(covered[0]) && covered.Length == 2 ? 2 : 1);
                }
                else
                {
                    Assert.Equal(end, start);
                    string wellFormed = string.Concat(covered.EnumerateRunes());
                    Assert.Equal(token.Value.Replace('\u2581', ' '), wellFormed.Replace('\u2581', ' '));
                }

                end = start + length;
            }

            Assert.Equal(one.Text.Length, end);
        }
    }

    [RealModelFact]
    public void The_vocabulary_is_the_one_of_gemma_3()
    {
        GemmaTokenizer tokenizer = TokenizerFixtures.Real;
        Assert.Equal((2, 1, 0), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal(262_145, tokenizer.VocabularySize);
        Assert.Equal("<image_soft_token>", tokenizer.PieceOf(262_144));
        Assert.Equal("\u2581Hello", tokenizer.PieceOf(26_352));
        Assert.Equal("<0x0D>", tokenizer.PieceOf(251));
        Assert.Null(tokenizer.PieceOf(262_145));
        Assert.Null(tokenizer.PieceOf(-1));
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            Assert.Equal(id, tokenizer.IdOf(tokenizer.PieceOf(id)!));
        }

        Assert.Null(tokenizer.IdOf("no such piece"));
        Assert.Null(tokenizer.IdOf(""));
    }

    [RealModelFact]
    public void Well_formed_text_comes_back_from_its_ids()
    {
        GemmaTokenizer tokenizer = TokenizerFixtures.Real;
        Prop.ForAll(AwkwardText.Arbitrary, text =>
        {
            string expected = string.Concat(text.EnumerateRunes()).Replace('\u2581', ' ');
            string decoded = tokenizer.Decode(tokenizer.EncodePrompt(text, addBos: false), keepSpecialTokens: true);
            Assert.Equal(expected, decoded);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [RealModelFact]
    public void The_merge_loop_agrees_with_the_library_on_awkward_text()
    {
        LibraryOracle oracle = LibraryOracle.Load(TokenizerFixtures.RealPath);
        Prop.ForAll(AwkwardText.Arbitrary, text =>
        {
            List<int> expected = oracle.Encode(text);
            int[] actual = TokenizerFixtures.Real.EncodePrompt(text);
            Assert.True(expected.SequenceEqual(actual), TokenizerFixtures.Show(text));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    [RealModelFact]
    public void Long_runs_without_a_place_to_cut_agree_with_the_library()
    {
        LibraryOracle oracle = LibraryOracle.Load(TokenizerFixtures.RealPath);
        Random random = new(7);
        foreach (string alphabet in (string[])["a", "ab", "the ", "\u2581>", "aeiounrst", "我喜欢吃苹果", "=-", " ", "\u0e2a\u0e27\u0e31"])
        {
            for (int length = 1; length < 400; length += 13)
            {
                string text = string.Concat(Enumerable.Range(0, length).Select(_ => alphabet[random.Next(alphabet.Length)]));
                Assert.True(oracle.Encode(text).SequenceEqual(TokenizerFixtures.Real.EncodePrompt(text)), TokenizerFixtures.Show(text));
            }
        }
    }

    [RealModelFact]
    public void Many_threads_share_one_tokenizer()
    {
        TokenizerFixtures.Case[] cases = [.. TokenizerFixtures.Read("random.jsonl").Take(300)];
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            for (int i = 0; i < cases.Length; i++)
            {
                TokenizerFixtures.Case one = cases[(i + worker * 37) % cases.Length];
                Assert.Equal(one.Ids, TokenizerFixtures.Real.EncodePrompt(one.Text));
            }
        });
    }

    [RealModelTheory]
    [InlineData("a cat sits on the mat, ")]
    [InlineData("a")]
    [InlineData("我喜欢")]
    [InlineData("\r<")]
    [InlineData("<unused")]
    public void Five_million_characters_take_seconds(string pattern)
    {
        string text = string.Concat(Enumerable.Repeat(pattern, 5_000_000 / pattern.Length));
        Stopwatch watch = Stopwatch.StartNew();
        int[] ids = TokenizerFixtures.Real.EncodePrompt(text);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"{watch.Elapsed}");
        Assert.Equal(text, TokenizerFixtures.Real.Decode(ids));
    }
}
