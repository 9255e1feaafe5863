using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Tokenization;

public sealed class ByteTokenizerTests
{
    private static readonly ByteTokenizer Tokenizer = new();

    [Fact]
    public void Ids_are_bos_and_the_bytes_of_utf8_plus_four()
    {
        Assert.Equal([2, 4 + 'H', 4 + 'i', 4 + 0xC3, 4 + 0xA9], Tokenizer.EncodePrompt("Hié"));
        Assert.Equal([2], Tokenizer.EncodeToIds(""));
        Assert.Equal([2, 4 + '<', 4 + 'b', 4 + 'o', 4 + 's', 4 + '>'], Tokenizer.EncodePrompt("<bos>"));
        Assert.Equal([4 + 0xEF, 4 + 0xBF, 4 + 0xBD], Tokenizer.EncodePrompt("\ud800", addBos: false));
    }

    [Fact]
    public void The_vocabulary_is_four_special_tokens_and_256_bytes()
    {
        Assert.Equal((0, 1, 2, 260), (Tokenizer.PadId, Tokenizer.EosId, Tokenizer.BosId, Tokenizer.VocabularySize));
        Assert.Equal("<unk>", Tokenizer.PieceOf(3));
        Assert.Equal("<0x00>", Tokenizer.PieceOf(4));
        Assert.Equal("<0xFF>", Tokenizer.PieceOf(259));
        Assert.Null(Tokenizer.PieceOf(260));
        Assert.Null(Tokenizer.PieceOf(-1));
        Assert.Null(Tokenizer.IdOf("<0xff>"));
        for (int id = 0; id < 260; id++)
        {
            Assert.Equal(id, Tokenizer.IdOf(Tokenizer.PieceOf(id)!));
        }
    }

    [Fact]
    public void Text_comes_back_from_its_ids() => Prop.ForAll(AwkwardText.Arbitrary, text =>
    {
        string wellFormed = string.Concat(text.EnumerateRunes());
        Assert.Equal(wellFormed, Tokenizer.Decode(Tokenizer.EncodePrompt(text)));
        Assert.Equal("<bos>" + wellFormed, Tokenizer.Decode(Tokenizer.EncodePrompt(text), keepSpecialTokens: true));
        Assert.Equal(1 + Encoding.UTF8.GetByteCount(wellFormed), Tokenizer.CountTokens(text));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_bad_byte_spoils_only_itself() => Assert.Equal("a\ufffdb", Tokenizer.Decode([4 + 'a', 4 + 0x80, 4 + 'b']));

    [Fact]
    public void A_maximum_may_cut_a_character()
    {
        Assert.Equal([2, 4 + 0xC3], Tokenizer.EncodeToIds("é", 2, out _, out int consumed));
        Assert.Equal(0, consumed);
        Assert.Equal(new Range(0, 1), Tokenizer.EncodeToTokens("é", out _)[2].Offset);
    }
}
