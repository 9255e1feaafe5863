using System.Buffers.Binary;
using System.Security.Cryptography;
using CommunityToolkit.HighPerformance.Buffers;

namespace ManagedGemma.Tokenization;

/// <summary>What makes two tokenizers the same for a cache of texts: the pieces by id, and which of them decoding leaves out.</summary>
internal static class TokenizerIdentity
{
    /// <summary>32 bytes. How texts are cut into pieces has no part in it: whoever keys by tokens has that already.</summary>
    public static byte[] Of(PromptTokenizer tokenizer)
    {
        // A piece is some ten bytes.
        using ArrayPoolBufferWriter<byte> pieces = new(16 * tokenizer.VocabularySize);
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            ReadOnlySpan<byte> piece = tokenizer.Utf8Of(id);
            Span<byte> entry = pieces.GetSpan(sizeof(int) + piece.Length);
            BinaryPrimitives.WriteInt32LittleEndian(entry, (piece.Length << 1) | (tokenizer.IsSpecial(id) ? 1 : 0));
            piece.CopyTo(entry[sizeof(int)..]);
            pieces.Advance(sizeof(int) + piece.Length);
        }

        return SHA256.HashData(pieces.WrittenSpan);
    }
}
