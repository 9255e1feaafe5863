using System.Buffers;
using System.Text;
using System.Text.Unicode;
using CommunityToolkit.HighPerformance.Buffers;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tokenization;

/// <summary>
/// The tokenizer of Gemma 3, from a <c>tokenizer.json</c> or from the vocabulary inside a weight file: byte-pair encoding with byte fallback over text whose spaces
/// are U+2581, and added tokens that are matched on the raw text, leftmost and longest first. Gives exactly the ids of
/// Hugging Face's tokenizers.
/// </summary>
public sealed class GemmaTokenizer : PromptTokenizer
{
    private const int MaxFileBytes = 256 << 20;
    private const char Metaspace = '\u2581';

    private readonly PieceTable _pieces;
    private readonly MergeTable _merges;
    private readonly AddedTokenTrie _addedTokens;
    private readonly HashSet<int> _specialIds = [];

    // Character of the basic plane to the id of its piece, -1 where it has none.
    private readonly int[] _characterIds = new int[char.MaxValue + 1];
    private readonly int[] _byteIds;
    private readonly Dictionary<int, byte> _bytes = [];

    private GemmaTokenizer(TokenizerDefinition definition)
    {
        _pieces = definition.Pieces;
        _merges = definition.Merges;
        _byteIds = definition.ByteIds;
        _addedTokens = new AddedTokenTrie(definition.AddedTokens);
        BosId = definition.BosId;
        EosId = definition.EosId;
        PadId = definition.PadId;
        for (int value = 0; value < 256; value++)
        {
            _bytes.Add(_byteIds[value], (byte)value);
        }

        foreach (TokenizerDefinition.AddedToken token in definition.AddedTokens)
        {
            if (token.IsSpecial)
            {
                _specialIds.Add(token.Id);
            }
        }

        _characterIds.AsSpan().Fill(-1);
        for (int id = 0; id < _pieces.IdCount; id++)
        {
            ReadOnlySpan<byte> piece = _pieces.Utf8Of(id);
            Rune.DecodeFromUtf8(piece, out Rune rune, out int length);
            if (length == piece.Length && rune.IsBmp && length > 0)
            {
                _characterIds[rune.Value] = id;
            }
        }
    }

    /// <inheritdoc/>
    public override int BosId { get; }

    /// <inheritdoc/>
    public override int EosId { get; }

    /// <inheritdoc/>
    public override int PadId { get; }

    /// <inheritdoc/>
    public override int VocabularySize => _pieces.IdCount;

    /// <summary>Loads a <c>tokenizer.json</c>.</summary>
    /// <param name="tokenizerJsonPath">The file; at most 256 MiB.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="GemmaException">The file cannot be read, or is not a tokenizer of this kind.</exception>
    public static GemmaTokenizer Load(string tokenizerJsonPath)
    {
        ArgumentNullException.ThrowIfNull(tokenizerJsonPath);
        byte[] json;
        try
        {
            using FileStream file = new(tokenizerJsonPath, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            long length = file.Length;
            if (length > MaxFileBytes)
            {
                throw new GemmaException(
                    "the file is too large for a tokenizer",
                    tokenizerJsonPath,
                    expected: $"at most {MaxFileBytes} bytes",
                    found: $"{length} bytes");
            }

            json = GC.AllocateUninitializedArray<byte>((int)length);
            file.ReadExactly(json);
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GemmaException(
                "the tokenizer cannot be read",
                tokenizerJsonPath,
                found: exception.Message,
                innerException: exception);
        }

        return Parse(json, tokenizerJsonPath);
    }

    /// <summary>
    /// Loads a model's tokenizer: the <c>tokenizer.json</c> beside the weights, which may themselves be missing, else the vocabulary
    /// inside them (a GGUF file's metadata, a ComfyUI file's <c>spiece_model</c>).
    /// </summary>
    /// <param name="modelPath">A model's directory or file, as for <see cref="GemmaCheckpoint.Open"/>.</param>
    /// <exception cref="GemmaException">There is no tokenizer, or it is damaged or not of this kind.</exception>
    public static GemmaTokenizer LoadFor(string modelPath)
    {
        ArgumentNullException.ThrowIfNull(modelPath);
        if (!File.Exists(modelPath) && !Directory.Exists(modelPath))
        {
            throw new GemmaException("the directory does not exist", modelPath);
        }

        if (GemmaCheckpoint.TokenizerBeside(modelPath) is { } json)
        {
            return Load(json);
        }

        if (!GemmaCheckpoint.HoldsWeights(modelPath))
        {
            throw new GemmaException("there is no tokenizer in the directory", modelPath, expected: "tokenizer.json");
        }

        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(modelPath);
        return LoadFor(checkpoint);
    }

    /// <summary>Loads an open checkpoint's tokenizer, as <see cref="LoadFor(string)"/>.</summary>
    /// <exception cref="GemmaException">There is no tokenizer, or it is damaged or not of this kind.</exception>
    public static GemmaTokenizer LoadFor(GemmaCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (checkpoint.TokenizerPath is { } json)
        {
            return Load(json);
        }

        return checkpoint.ReadVocabulary() is { } vocabulary
            ? new GemmaTokenizer(ScoredVocabularyReader.Read(vocabulary))
            : throw new GemmaException("there is no tokenizer beside the weights", checkpoint.Location, expected: "tokenizer.json");
    }

    /// <summary>Reads the content of a <c>tokenizer.json</c>.</summary>
    /// <param name="utf8Json">Any bytes.</param>
    /// <param name="source">What messages call it: the file's path.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="GemmaException">It is not a tokenizer of this kind.</exception>
    public static GemmaTokenizer Parse(ReadOnlySpan<byte> utf8Json, string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new GemmaTokenizer(TokenizerJsonReader.Read(utf8Json, source));
    }

    /// <inheritdoc/>
    public override string? PieceOf(int id) => _pieces.HasId(id) ? Encoding.UTF8.GetString(_pieces.Utf8Of(id)) : null;

    /// <inheritdoc/>
    public override int? IdOf(string piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        int id = _pieces.Find(Encoding.UTF8.GetBytes(piece));
        return id < 0 ? null : id;
    }

    internal override ReadOnlySpan<byte> Utf8Of(int id) => _pieces.Utf8Of(id);

    internal override bool IsByte(int id, out byte value) => _bytes.TryGetValue(id, out value);

    internal override bool IsSpecial(int id) => _specialIds.Contains(id);

    // As the ByteFallback decoder does: a run that is not well-formed as a whole becomes one U+FFFD for each of its bytes.
    internal override int DecodeBytes(ReadOnlySpan<byte> bytes, Span<char> destination)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.TryGetChars(bytes, destination, out int written) ? written : -1;
        }

        if (bytes.Length > destination.Length)
        {
            return -1;
        }

        destination[..bytes.Length].Fill('\uFFFD');
        return bytes.Length;
    }

    private protected override void EncodeBody(ReadOnlySpan<char> text, ArrayPoolBufferWriter<int> ids)
    {
        int[] symbols = ArrayPool<int>.Shared.Rent(Math.Max(1, Math.Min(text.Length, 256)));
        try
        {
            int from = 0;
            while (from < text.Length)
            {
                int start = _addedTokens.FindNext(text, from, out int length, out int id);
                EncodeSegment(text[from..start], ref symbols, ids);
                if (length > 0)
                {
                    Emit(id, ids);
                }

                from = start + length;
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(symbols);
        }
    }

    /// <summary>
    /// Encodes text between added tokens. It is gathered into runs that no merge crosses (<see cref="MergeTable.MayJoin"/>),
    /// mostly words, and each is merged by itself: the same result as merging the whole, at a fraction of the cost.
    /// </summary>
    private void EncodeSegment(ReadOnlySpan<char> text, ref int[] symbols, ArrayPoolBufferWriter<int> ids)
    {
        int count = 0;
        int previous = -1;
        for (int i = 0; i < text.Length; i++)
        {
            int rune = text[i] == ' ' ? Metaspace : text[i];
            int id;
            if (char.IsHighSurrogate((char)rune))
            {
                rune = char.ConvertToUtf32((char)rune, text[++i]);
                id = FindRune(new Rune(rune));
            }
            else
            {
                id = _characterIds[rune];
            }

            if (count > 0 && (id < 0 || !_merges.MayJoin(previous, rune)))
            {
                Flush(symbols.AsSpan(0, count), ids);
                count = 0;
            }

            if (id < 0)
            {
                EmitBytes(new Rune(rune), ids);
                continue;
            }

            if (count == symbols.Length)
            {
                int[] grown = ArrayPool<int>.Shared.Rent(count * 2);
                symbols.AsSpan(0, count).CopyTo(grown);
                ArrayPool<int>.Shared.Return(symbols);
                symbols = grown;
            }

            symbols[count++] = id;
            previous = rune;
        }

        Flush(symbols.AsSpan(0, count), ids);
    }

    private void Flush(Span<int> symbols, ArrayPoolBufferWriter<int> ids)
    {
        int count = MergeLoop.Run(symbols, _merges);
        symbols[..count].CopyTo(ids.GetSpan(Math.Max(1, count)));
        ids.Advance(count);
    }

    private int FindRune(Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        return _pieces.Find(utf8[..rune.EncodeToUtf8(utf8)]);
    }

    private void EmitBytes(Rune rune, ArrayPoolBufferWriter<int> ids)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
        {
            Emit(_byteIds[value], ids);
        }
    }

    private static void Emit(int id, ArrayPoolBufferWriter<int> ids)
    {
        ids.GetSpan(1)[0] = id;
        ids.Advance(1);
    }
}
