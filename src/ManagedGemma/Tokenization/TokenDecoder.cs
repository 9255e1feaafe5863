using System.Buffers;
using System.Text;

namespace ManagedGemma.Tokenization;

/// <summary>Ids to text: the decoder of tokenizer.json (Replace U+2581 by a space, ByteFallback, Fuse).</summary>
internal static class TokenDecoder
{
    private const char Metaspace = '\u2581';

    /// <summary>Decodes as many ids as fit.</summary>
    /// <param name="tokenizer">Whose ids they are.</param>
    /// <param name="ids">The ids.</param>
    /// <param name="keepSpecialTokens">Whether special tokens are shown.</param>
    /// <param name="destination">Receives the text.</param>
    /// <param name="idsConsumed">The number of ids whose text was written whole.</param>
    /// <param name="charsWritten">The number of UTF-16 units written.</param>
    /// <returns>Done, DestinationTooSmall or InvalidData.</returns>
    public static OperationStatus Decode(
        PromptTokenizer tokenizer,
        ReadOnlySpan<int> ids,
        bool keepSpecialTokens,
        Span<char> destination,
        out int idsConsumed,
        out int charsWritten)
    {
        idsConsumed = 0;
        charsWritten = 0;
        byte[] run = ArrayPool<byte>.Shared.Rent(Math.Max(1, ids.Length));
        int runLength = 0;
        try
        {
            for (int i = 0; i <= ids.Length; i++)
            {
                bool atEnd = i == ids.Length;
                if (!atEnd && !keepSpecialTokens && tokenizer.IsSpecial(ids[i]))
                {
                    continue;
                }

                if (!atEnd && tokenizer.IsByte(ids[i], out byte value))
                {
                    run[runLength++] = value;
                    continue;
                }

                int written = tokenizer.DecodeBytes(run.AsSpan(0, runLength), destination[charsWritten..]);
                if (written < 0)
                {
                    return OperationStatus.DestinationTooSmall;
                }

                runLength = 0;
                charsWritten += written;
                idsConsumed = i;
                if (atEnd)
                {
                    break;
                }

                ReadOnlySpan<byte> piece = tokenizer.Utf8Of(ids[i]);
                if (piece.IsEmpty)
                {
                    return OperationStatus.InvalidData;
                }

                if (!Encoding.UTF8.TryGetChars(piece, destination[charsWritten..], out written))
                {
                    return OperationStatus.DestinationTooSmall;
                }

                destination.Slice(charsWritten, written).Replace(Metaspace, ' ');
                charsWritten += written;
                idsConsumed = i + 1;
            }

            return OperationStatus.Done;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(run);
        }
    }
}
