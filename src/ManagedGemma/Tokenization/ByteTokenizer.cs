using System.Globalization;
using System.Text;
using CommunityToolkit.HighPerformance.Buffers;

namespace ManagedGemma.Tokenization;

/// <summary>
/// A tokenizer without a vocabulary, for demonstration checkpoints: 0 is padding, 1 the end, 2 the beginning, 3 unknown
/// (never produced), and 4 + b the byte b of the text's UTF-8. Text such as <c>&lt;bos&gt;</c> is plain text to it.
/// </summary>
public sealed class ByteTokenizer : PromptTokenizer
{
    private const int FirstByteId = 4;

    private static readonly byte[][] Pieces = CreatePieces();

    /// <inheritdoc/>
    public override int BosId => 2;

    /// <inheritdoc/>
    public override int EosId => 1;

    /// <inheritdoc/>
    public override int PadId => 0;

    /// <summary>260: four special tokens and 256 bytes.</summary>
    public override int VocabularySize => FirstByteId + 256;

    /// <inheritdoc/>
    public override string? PieceOf(int id) => (uint)id < (uint)Pieces.Length ? Encoding.UTF8.GetString(Pieces[id]) : null;

    /// <inheritdoc/>
    public override int? IdOf(string piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        byte[] utf8 = Encoding.UTF8.GetBytes(piece);
        int id = Array.FindIndex(Pieces, candidate => candidate.AsSpan().SequenceEqual(utf8));
        return id < 0 ? null : id;
    }

    internal override bool DecodesRunsWhole => false;

    internal override ReadOnlySpan<byte> Utf8Of(int id) => (uint)id < (uint)Pieces.Length ? Pieces[id] : default;

    internal override bool IsByte(int id, out byte value)
    {
        value = (byte)(id - FirstByteId);
        return id >= FirstByteId && id < FirstByteId + 256;
    }

    internal override bool IsSpecial(int id) => (uint)id < FirstByteId;

    // Bad bytes become U+FFFD where they stand, unlike in GemmaTokenizer: here a text is one run of bytes.
    internal override int DecodeBytes(ReadOnlySpan<byte> bytes, Span<char> destination) =>
        Encoding.UTF8.TryGetChars(bytes, destination, out int written) ? written : -1;

    private protected override void EncodeBody(ReadOnlySpan<char> text, ArrayPoolBufferWriter<int> ids)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int length = rune.EncodeToUtf8(utf8);
            Span<int> destination = ids.GetSpan(length);
            for (int i = 0; i < length; i++)
            {
                destination[i] = FirstByteId + utf8[i];
            }

            ids.Advance(length);
        }
    }

    private static byte[][] CreatePieces()
    {
        byte[][] pieces = new byte[FirstByteId + 256][];
        pieces[0] = "<pad>"u8.ToArray();
        pieces[1] = "<eos>"u8.ToArray();
        pieces[2] = "<bos>"u8.ToArray();
        pieces[3] = "<unk>"u8.ToArray();
        for (int b = 0; b < 256; b++)
        {
            pieces[FirstByteId + b] = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"));
        }

        return pieces;
    }
}
