using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Generation.Text;
using ManagedGemma.Tests.Tokenization;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Generation;

/// <summary>Text that comes token by token.</summary>
public class TokenTextTests
{
    private static readonly string[] Pieces = ["a", "b", "ab", "c", "▁", "▁a", "1", "\u0301", "👩", "\u200D", "👧", "🇩", "🇪", "é", "\n", "<x>", "\uFE0F", "\u20E3", "cab", "ba"];
    private static readonly GemmaTokenizer Tokenizer = Small();

    internal static Arbitrary<Case> Cases { get; } =
        (from ids in Gen.ListOf(Gen.OneOf(Gen.Choose(TokenizerJson.FirstPieceId, TokenizerJson.FirstPieceId + Pieces.Length - 1), Gen.Choose(1, 3), Bytes()))
         from stops in Gen.ListOf(Gen.Elements("ab", "abc", "b a", "ca", "a\u0301", "👩", "zz", "bab", "aa"))
         select new Case([.. ids], [.. stops.Take(3)])).ToArbitrary();

    [Property(MaxTest = 500)]
    public Property All_pieces_together_are_the_decoded_text() => Prop.ForAll(Cases, c =>
        string.Concat(Stream(c.Ids, [], out _)) == Tokenizer.Decode(c.Ids));

    [Property(MaxTest = 500)]
    public Property The_text_ends_before_the_stop_string_that_ends_first_however_it_is_cut() => Prop.ForAll(Cases, c =>
    {
        string whole = Tokenizer.Decode(c.Ids), expected = whole;
        (int Start, int End)? first = null;
        for (int end = 1; end <= whole.Length && first is null; end++)
        {
            foreach (string stop in c.Stops.Where(stop => whole[..end].EndsWith(stop, StringComparison.Ordinal)))
            {
                first = first is { } known && known.Start <= end - stop.Length ? known : (end - stop.Length, end);
            }
        }

        string text = string.Concat(Stream(c.Ids, c.Stops, out string? stoppedBy));
        return text == whole[..(first?.Start ?? whole.Length)]
            && stoppedBy == (first is { } found ? whole[found.Start..found.End] : null);
    });

    // Where text is given out, both sides must stay whole: no surrogate, no joined emoji, no flag, no keycap cut.
    [Property(MaxTest = 500)]
    public Property No_emoji_is_cut() => Prop.ForAll(Cases, c =>
    {
        string whole = Tokenizer.Decode(c.Ids);
        HashSet<int> boundaries = [.. StringInfo.ParseCombiningCharacters(whole), whole.Length];
        int at = 0;
        foreach (string piece in Stream(c.Ids, c.Stops, out string? stoppedBy))
        {
            at += piece.Length;

            // An accent that comes apart from an ASCII letter may follow it.
            if (!boundaries.Contains(at) && stoppedBy is null && (!char.IsAscii(whole[at - 1]) || char.IsAsciiDigit(whole[at - 1])))
            {
                return false;
            }
        }

        return true;
    });

    [Fact]
    public void A_family_and_a_keycap_wait_until_they_are_whole()
    {
        int[] ids = [.. new[] { "👩", "\u200D", "👧", "a", "1", "\uFE0F", "\u20E3", "b" }.Select(piece => Tokenizer.IdOf(piece)!.Value)];
        Assert.Equal(["", "", "", "👩\u200D👧a", "", "", "", "1\uFE0F\u20E3b", ""], Stream(ids, [], out _));
    }

    // Random texts seldom have two that end together.
    [Theory]
    [InlineData("ab", "bab")]
    [InlineData("bab", "ab")]
    public void Of_stop_strings_that_end_together_the_longest_counts(params string[] stops)
    {
        int[] ids = [.. new[] { "c", "ba", "b", "a" }.Select(piece => Tokenizer.IdOf(piece)!.Value)];
        Assert.Equal("c", string.Concat(Stream(ids, stops, out string? stoppedBy)));
        Assert.Equal("bab", stoppedBy);
    }

    [Fact]
    public void Letters_do_not_wait()
    {
        int[] ids = [.. new[] { "ab", "▁a", "c" }.Select(piece => Tokenizer.IdOf(piece)!.Value)];
        Assert.Equal(["ab", " a", "c", ""], Stream(ids, ["zz"], out _));
    }

    // Every byte alone, and what characters are made of, in and out of order.
    private static Gen<int> Bytes() => Gen.OneOf(Gen.Choose(4, 259), Gen.Elements(Encoding.UTF8.GetBytes("ü🎈न").Select(value => value + 4).ToArray()));

    private static List<string> Stream(int[] ids, string[] stops, out string? stoppedBy)
    {
        TokenText text = new(Tokenizer, stops);
        List<string> pieces = [.. ids.Select(text.Add)];
        pieces.Add(text.Finish());
        stoppedBy = text.StoppedBy;
        return pieces;
    }

    private static GemmaTokenizer Small()
    {
        TokenizerJson json = new();
        json.Pieces.AddRange(Pieces);
        return json.Parse();
    }

    internal sealed record Case(int[] Ids, string[] Stops)
    {
        public override string ToString() => $"{string.Join(' ', Ids)} | {string.Join(" / ", Stops)}";
    }
}
