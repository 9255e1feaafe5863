using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Generation.Text;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Generation;

/// <summary>Text from tokens that are single bytes: it comes as soon as characters are whole, and is what decoding all of them gives.</summary>
public sealed class ByteTextTests
{
    private static readonly ByteTokenizer Tokenizer = new();

    [Property(MaxTest = 2000)]
    public Property Pieces_are_the_whole()
    {
        // Whole characters, beginnings and ends of them, and bytes that stand in none; specials part nothing.
        Gen<byte[]> piece = Gen.Elements("a"u8.ToArray(), "é"u8.ToArray(), "👩"u8.ToArray(), [0xF0, 0x9F], [0xE2, 0x82], [0xC3], [0xFF], [0x80], [0xC0, 0xAF], " "u8.ToArray());
        return Prop.ForAll(piece.ListOf().ToArbitrary(), pieces =>
        {
            int[] ids = [.. pieces.SelectMany(x => x).Select(x => x + 4)];
            TokenText text = new(Tokenizer, []);
            string streamed = string.Concat(ids.Select(text.Add)) + text.Finish();
            return (streamed == Tokenizer.Decode(ids)).Label($"{streamed} | {Tokenizer.Decode(ids)}");
        });
    }

    [Fact]
    public void Characters_come_when_they_are_whole()
    {
        TokenText text = new(Tokenizer, []);
        // The accented letter waits for a mark that might follow it.
        Assert.Equal(["h", "i", "", "", "é "], Tokenizer.EncodePrompt("hié ")[1..].Select(text.Add));
    }

    [Fact]
    public void A_stop_text_is_found_among_bytes()
    {
        TokenText text = new(Tokenizer, ["END"]);
        string shown = string.Concat(Encoding.UTF8.GetBytes("the END is").Select(x => text.Add(x + 4)));
        Assert.Equal(("the ", "END"), (shown, text.StoppedBy));
    }
}
