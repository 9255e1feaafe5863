using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using CommunityToolkit.HighPerformance.Buffers;
using Microsoft.ML.Tokenizers;

namespace ManagedGemma.Tokenization;

/// <summary>
/// A tokenizer as the engine takes it: the beginning-of-sequence token stands first by default, for the empty text too,
/// and there are tokens for padding and for the end. Instances are immutable and may be used by many threads at once.
/// </summary>
/// <remarks>
/// Normalisation and pre-tokenisation are part of the model and always happen; the arguments of
/// <see cref="Tokenizer"/> that would leave them out are ignored, and normalised text is reported as null: all
/// offsets are places in the caller's text. Lone surrogates count as U+FFFD.
/// </remarks>
public abstract class PromptTokenizer : Tokenizer
{
    private protected PromptTokenizer()
    {
    }

    /// <summary>The id of the token that begins a sequence.</summary>
    public abstract int BosId { get; }

    /// <summary>The id of the token that ends a sequence.</summary>
    public abstract int EosId { get; }

    /// <summary>The id of the token that fills a sequence up.</summary>
    public abstract int PadId { get; }

    /// <summary>The highest id plus one.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The text of a piece as the vocabulary spells it (U+2581 for a space, <c>&lt;0x0D&gt;</c> for a byte).</summary>
    /// <param name="id">Any number.</param>
    /// <returns>The piece, or null when no piece has this id.</returns>
    public abstract string? PieceOf(int id);

    /// <summary>The id of a piece, spelt as <see cref="PieceOf"/> gives it.</summary>
    /// <param name="piece">The piece.</param>
    /// <returns>The id, or null when there is no such piece.</returns>
    public abstract int? IdOf(string piece);

    /// <summary>Encodes a prompt.</summary>
    /// <param name="text">The text, taken as it is (see <see cref="PromptText.Strip"/>).</param>
    /// <param name="addBos">Whether <see cref="BosId"/> is put first; false for text that brings its own.</param>
    /// <returns>The ids.</returns>
    public int[] EncodePrompt(ReadOnlySpan<char> text, bool addBos = true)
    {
        using ArrayPoolBufferWriter<int> ids = new();
        Encode(text, addBos, ids);
        return ids.WrittenSpan.ToArray();
    }

    /// <summary>Encodes a prompt and keeps the first tokens.</summary>
    /// <param name="text">The text, taken as it is.</param>
    /// <param name="maxTokenCount">How many tokens are kept, <see cref="BosId"/> included; at least 0.</param>
    /// <param name="totalTokenCount">How many tokens the whole text has: more than were kept when it was truncated.</param>
    /// <returns>The first ids of <see cref="EncodePrompt(ReadOnlySpan{char}, bool)"/>.</returns>
    public int[] EncodePrompt(ReadOnlySpan<char> text, int maxTokenCount, out int totalTokenCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokenCount);
        using ArrayPoolBufferWriter<int> ids = new();
        Encode(text, addBos: true, ids);
        totalTokenCount = ids.WrittenCount;
        return ids.WrittenSpan[..Math.Min(maxTokenCount, totalTokenCount)].ToArray();
    }

    /// <summary>Decodes ids without the special tokens.</summary>
    /// <param name="ids">The ids.</param>
    /// <returns>The text.</returns>
    /// <exception cref="InvalidOperationException">An id has no piece.</exception>
    public override string Decode(IEnumerable<int> ids) => Decode(ids, keepSpecialTokens: false);

    /// <summary>
    /// Decodes ids. Byte tokens that follow each other become the character that they spell in UTF-8; tokens that are
    /// left out do not part them.
    /// </summary>
    /// <param name="ids">The ids.</param>
    /// <param name="keepSpecialTokens">Whether special tokens are shown by their pieces or left out.</param>
    /// <returns>The text.</returns>
    /// <exception cref="InvalidOperationException">An id has no piece.</exception>
    public string Decode(IEnumerable<int> ids, bool keepSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(ids);
        int[] list = [.. ids];
        long bound = 0;
        foreach (int id in list)
        {
            // UTF-16 never has more units than UTF-8 has bytes, and a byte token gives one unit at most.
            bound += Utf8Of(id).Length;
        }

        char[] text = ArrayPool<char>.Shared.Rent(checked((int)bound));
        try
        {
            OperationStatus status = TokenDecoder.Decode(this, list, keepSpecialTokens, text, out int consumed, out int written);
            return status == OperationStatus.Done
                ? new string(text, 0, written)
                : throw new InvalidOperationException($"The id {list[consumed]} has no piece; ids go from 0 to {VocabularySize - 1}.");
        }
        finally
        {
            ArrayPool<char>.Shared.Return(text);
        }
    }

    /// <summary>Decodes ids without the special tokens into a buffer.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="destination">Receives the text.</param>
    /// <param name="idsConsumed">The number of ids whose text was written whole; byte tokens of one run count together.</param>
    /// <param name="charsWritten">The number of UTF-16 units written.</param>
    /// <returns>Done; DestinationTooSmall; or InvalidData when the id after those consumed has no piece.</returns>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        int[] list = [.. ids];
        return TokenDecoder.Decode(this, list, keepSpecialTokens: false, destination, out idsConsumed, out charsWritten);
    }

    /// <summary>Encodes text that has no lone surrogates, without BOS.</summary>
    private protected abstract void EncodeBody(ReadOnlySpan<char> text, ArrayPoolBufferWriter<int> ids);

    /// <summary>The piece as UTF-8; empty when no piece has this id.</summary>
    internal abstract ReadOnlySpan<byte> Utf8Of(int id);

    /// <summary>Whether the token stands for one byte of a character's UTF-8.</summary>
    internal abstract bool IsByte(int id, out byte value);

    /// <summary>Whether the token is one that decoding leaves out by default.</summary>
    internal abstract bool IsSpecial(int id);

    /// <summary>
    /// Whether a run of byte tokens must be known to its end before any of it is text; else its characters stand, whatever follows, and a byte
    /// that belongs to none is one U+FFFD as in .NET's decoder.
    /// </summary>
    internal virtual bool DecodesRunsWhole => true;

    /// <summary>Turns a run of byte tokens into text; at most one UTF-16 unit a byte.</summary>
    /// <returns>The number of UTF-16 units written, or -1 when <paramref name="destination"/> is too small.</returns>
    internal abstract int DecodeBytes(ReadOnlySpan<byte> bytes, Span<char> destination);

    /// <summary>
    /// Encodes to tokens with their pieces and places. The offset of a token is the part of the caller's text that it
    /// covers, also where a space became U+2581. Each byte token of a character has the whole character as its offset; BOS has 0..0.
    /// </summary>
    /// <param name="text">The text; <paramref name="textSpan"/> is used when it is null.</param>
    /// <param name="textSpan">The text.</param>
    /// <param name="settings">The most tokens that are wanted.</param>
    /// <returns>The tokens, BOS first.</returns>
    protected sealed override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        ReadOnlySpan<char> chars = text is null ? textSpan : text;
        int[] ids = EncodePrompt(chars, Math.Max(0, settings.MaxTokenCount), out int total);
        List<EncodedToken> tokens = new(ids.Length);
        TokenOffsets offsets = new(this, chars);
        for (int i = 0; i < ids.Length; i++)
        {
            Range range = i == 0 ? new Range(0, 0) : offsets.Next(ids[i]);
            tokens.Add(new EncodedToken(ids[i], PieceOf(ids[i])!, range));
        }

        return new EncodeResults<EncodedToken>
        {
            Tokens = tokens,
            CharsConsumed = ids.Length == total ? chars.Length : offsets.Consumed,
        };
    }

    /// <summary>Encodes to ids, BOS first. With a maximum these are exactly the first ids of the whole.</summary>
    /// <param name="text">The text; <paramref name="textSpan"/> is used when it is null.</param>
    /// <param name="textSpan">The text.</param>
    /// <param name="settings">The most ids that are wanted.</param>
    /// <returns>The ids, and how much of the text they cover in whole characters.</returns>
    protected sealed override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        ReadOnlySpan<char> chars = text is null ? textSpan : text;
        int[] ids = EncodePrompt(chars, Math.Max(0, settings.MaxTokenCount), out int total);
        int consumed = chars.Length;
        if (ids.Length < total)
        {
            TokenOffsets offsets = new(this, chars);
            foreach (int id in ids.AsSpan(Math.Min(1, ids.Length)))
            {
                offsets.Next(id);
            }

            consumed = offsets.Consumed;
        }

        return new EncodeResults<int> { Tokens = ids, CharsConsumed = consumed };
    }

    /// <summary>Counts tokens, BOS included.</summary>
    /// <param name="text">The text; <paramref name="textSpan"/> is used when it is null.</param>
    /// <param name="textSpan">The text.</param>
    /// <param name="settings">The count is no more than its maximum.</param>
    /// <returns>The number of tokens.</returns>
    protected sealed override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        using ArrayPoolBufferWriter<int> ids = new();
        Encode(text is null ? textSpan : text, addBos: true, ids);
        return Math.Min(ids.WrittenCount, Math.Max(0, settings.MaxTokenCount));
    }

    /// <summary>
    /// Finds where to cut a text so that the part kept has no more tokens than allowed, BOS included. The tokens are
    /// those of the whole text; a character is kept with all of its byte tokens or not at all.
    /// </summary>
    /// <param name="text">The text; <paramref name="textSpan"/> is used when it is null.</param>
    /// <param name="textSpan">The text.</param>
    /// <param name="settings">The most tokens that are wanted.</param>
    /// <param name="fromEnd">Whether the end of the text is kept, else its beginning.</param>
    /// <param name="normalizedText">Always null: the index is a place in the caller's text.</param>
    /// <param name="tokenCount">The number of tokens of the part kept.</param>
    /// <returns>The end of the part kept, or its beginning when it is counted from the end.</returns>
    protected sealed override int GetIndexByTokenCount(
        string? text,
        ReadOnlySpan<char> textSpan,
        EncodeSettings settings,
        bool fromEnd,
        [MaybeNull] out string? normalizedText,
        out int tokenCount)
    {
        normalizedText = null;
        ReadOnlySpan<char> chars = text is null ? textSpan : text;
        using ArrayPoolBufferWriter<int> writer = new();
        Encode(chars, addBos: true, writer);
        ReadOnlySpan<int> ids = writer.WrittenSpan;
        if (ids.Length <= settings.MaxTokenCount)
        {
            tokenCount = ids.Length;
            return fromEnd ? 0 : chars.Length;
        }

        if (settings.MaxTokenCount <= 0)
        {
            tokenCount = 0;
            return fromEnd ? chars.Length : 0;
        }

        // From either end the cut lies between two tokens of one character at most: step to the character's boundary.
        TokenOffsets offsets = new(this, chars);
        int cut = fromEnd ? ids.Length - settings.MaxTokenCount + 1 : settings.MaxTokenCount;
        tokenCount = 1;
        for (int i = 1; i < ids.Length && (i < cut || (fromEnd && !offsets.AtCharacter)); i++)
        {
            offsets.Next(ids[i]);
            if (offsets.AtCharacter)
            {
                tokenCount = i + 1;
            }
        }

        if (fromEnd)
        {
            tokenCount = ids.Length - tokenCount + 1;
        }

        return offsets.Consumed;
    }

    private void Encode(ReadOnlySpan<char> text, bool addBos, ArrayPoolBufferWriter<int> ids)
    {
        if (addBos)
        {
            ids.GetSpan(1)[0] = BosId;
            ids.Advance(1);
        }

        EncodeBody(PromptText.Repair(text), ids);
    }

    /// <summary>Walks through the tokens of a text, BOS left out, and tells the place of each.</summary>
    private ref struct TokenOffsets(PromptTokenizer tokenizer, ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private int _start;
        private int _end;
        private int _bytesLeft;

        /// <summary>Whether the tokens so far are those of whole characters.</summary>
        public readonly bool AtCharacter => _bytesLeft == 0;

        /// <summary>How much of the text the tokens so far cover in whole characters.</summary>
        public readonly int Consumed => AtCharacter ? _end : _start;

        public Range Next(int id)
        {
            if (_bytesLeft > 0)
            {
                _bytesLeft--;
                return _start.._end;
            }

            _start = _end;
            if (tokenizer.IsByte(id, out _))
            {
                Rune.DecodeFromUtf16(_text[_start..], out Rune rune, out int chars);
                _bytesLeft = rune.Utf8SequenceLength - 1;
                _end += chars;
            }
            else
            {
                _end += Encoding.UTF8.GetCharCount(tokenizer.Utf8Of(id));
            }

            return _start.._end;
        }
    }
}
