using System.Text;
using System.Text.Unicode;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tokenization;

/// <summary>
/// Makes a tokenizer of a SentencePiece vocabulary, with the very merges that Hugging Face's converter writes into Gemma's
/// tokenizer.json: all ways to put a piece together from two others, ordered by the piece's score, the longest left part first.
/// Runs of U+2581 go before all other pieces. Merges of runs of line feeds and tabs are left out: those are found in raw text.
/// </summary>
internal static class ScoredVocabularyReader
{
    // Gemma's longest has 48. Trying all places to split a piece costs the square of its length.
    private const int MostMergedBytes = 256;

    private const byte Space = (byte)' ';

    // What Gemma's tokenizer.json calls special: left out of decoded text. The kinds in weight files say something else.
    private static readonly HashSet<string> Special = new(StringComparer.Ordinal)
    {
        "<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>",
    };

    private static ReadOnlySpan<byte> Metaspace => "\u2581"u8;

    /// <summary>Reads and checks.</summary>
    /// <exception cref="GemmaException">A piece is no text, stands twice, or one that every tokenizer has is missing.</exception>
    public static TokenizerDefinition Read(ScoredVocabulary vocabulary)
    {
        int count = vocabulary.Pieces.Length;
        if (count > PieceTable.MaxIdCount)
        {
            throw new GemmaException("has too many pieces", vocabulary.Path, Untrusted.Show(vocabulary.Subject), $"at most {PieceTable.MaxIdCount}", $"{count}");
        }

        PieceTable pieces = new();
        List<TokenizerDefinition.AddedToken> added = [];
        for (int id = 0; id < count; id++)
        {
            AddPiece(vocabulary, id, pieces, added);
        }

        int Require(string piece) => pieces.Find(Encoding.UTF8.GetBytes(piece)) is >= 0 and int id
            ? id
            : throw new GemmaException("a piece is missing", vocabulary.Path, Untrusted.Show(vocabulary.Subject), $"\"{piece}\"");
        int[] byteIds = new int[256];
        for (int value = 0; value < byteIds.Length; value++)
        {
            byteIds[value] = Require(TokenizerJsonReader.ByteName(value));
        }

        if (!pieces.HasId(vocabulary.BosId))
        {
            throw new GemmaException(
                "the first token's id has no piece", vocabulary.Path, Untrusted.Show(vocabulary.Subject), $"an id below {count}", $"{vocabulary.BosId}");
        }

        pieces.Trim();
        return new TokenizerDefinition(pieces, Merges(vocabulary, pieces), byteIds, added, vocabulary.BosId, Require("<eos>"), Require("<pad>"));
    }

    private static void AddPiece(ScoredVocabulary vocabulary, int id, PieceTable pieces, List<TokenizerDefinition.AddedToken> added)
    {
        PieceKind kind = vocabulary.Pieces[id].Kind;
        ReadOnlySpan<byte> piece = vocabulary.Utf8Of(id);
        bool isFoundInRawText = kind is PieceKind.Control or PieceKind.UserDefined or PieceKind.Unknown;
        if (piece.IsEmpty || piece.Length > (isFoundInRawText ? AddedTokenTrie.MaxTokenLength : MostMergedBytes))
        {
            throw Bad(vocabulary, id, "the piece is empty or too long", $"1 to {MostMergedBytes} bytes", $"{piece.Length}");
        }

        if (!Utf8.IsValid(piece))
        {
            throw Bad(vocabulary, id, "the piece is not UTF-8");
        }

        if (float.IsNaN(vocabulary.Pieces[id].Score))
        {
            throw Bad(vocabulary, id, "the piece's score is not a number");
        }

        // llama.cpp's converter writes runs of U+2581 as spaces.
        if (kind == PieceKind.UserDefined && !piece.ContainsAnyExcept(Space))
        {
            piece = Encoding.UTF8.GetBytes(new string('\u2581', piece.Length));
        }

        if (!pieces.TryAdd(piece, id))
        {
            throw Bad(vocabulary, id, "the piece stands twice", found: $"also piece {pieces.Find(piece)}");
        }

        if (isFoundInRawText)
        {
            if (TokenizerJsonReader.IsByteName(piece))
            {
                throw Bad(vocabulary, id, "the piece of a byte has another kind", $"{(int)PieceKind.Byte}", $"{(int)kind}");
            }

            string content = Encoding.UTF8.GetString(piece);
            added.Add(new TokenizerDefinition.AddedToken(content, id, Special.Contains(content)));
        }
    }

    private static MergeTable Merges(ScoredVocabulary vocabulary, PieceTable pieces)
    {
        int[] order = MergedPieces(vocabulary, pieces);
        MergeTable merges = new(order.Length * 2);
        List<Split> splits = [];
        for (int i = 0; i < order.Length; i++)
        {
            AddSplits(order[i], pieces, splits);
            if (i + 1 < order.Length && IsLevel(order[i], order[i + 1]))
            {
                continue;
            }

            // One piece's splits are in order already; pieces of the same score are mixed.
            splits.Sort();
            foreach (Split split in splits)
            {
                AddMerge(split, pieces, merges, vocabulary);
            }

            splits.Clear();
        }

        merges.Trim();
        return merges;

        bool IsLevel(int id, int next) =>
            IsRun(pieces.Utf8Of(id)) ? IsRun(pieces.Utf8Of(next)) : vocabulary.Pieces[id].Score == vocabulary.Pieces[next].Score;
    }

    /// <summary>The ids of pieces that merging gives, in the order in which they are merged.</summary>
    private static int[] MergedPieces(ScoredVocabulary vocabulary, PieceTable pieces)
    {
        List<(float Score, int Id)> merged = [];
        for (int id = 0; id < vocabulary.Pieces.Length; id++)
        {
            bool isRun = IsRun(pieces.Utf8Of(id));
            if (isRun || vocabulary.Pieces[id].Kind == PieceKind.Normal)
            {
                merged.Add((isRun ? float.PositiveInfinity : vocabulary.Pieces[id].Score, id));
            }
        }

        return [.. merged.OrderByDescending(x => IsRun(pieces.Utf8Of(x.Id))).ThenByDescending(x => x.Score).ThenBy(x => x.Id).Select(x => x.Id)];
    }

    private static bool IsRun(ReadOnlySpan<byte> piece)
    {
        if (piece.Length <= Metaspace.Length || piece.Length % Metaspace.Length != 0)
        {
            return false;
        }

        while (piece.StartsWith(Metaspace))
        {
            piece = piece[Metaspace.Length..];
        }

        return piece.IsEmpty;
    }

    /// <summary>All places at which both parts are pieces, from the last to the first.</summary>
    private static void AddSplits(int id, PieceTable pieces, List<Split> splits)
    {
        ReadOnlySpan<byte> piece = pieces.Utf8Of(id);
        int rightRunes = 0, runes = CountRunes(piece);
        for (int at = piece.Length - 1; at > 0; at--)
        {
            if ((piece[at] & 0xC0) == 0x80)
            {
                continue;
            }

            rightRunes++;
            int left = pieces.Find(piece[..at]), right = left < 0 ? -1 : pieces.Find(piece[at..]);
            if (right >= 0 && !TokenizerJsonReader.IsByteName(piece[..at]) && !TokenizerJsonReader.IsByteName(piece[at..]))
            {
                splits.Add(new Split(runes - rightRunes, rightRunes, id, left, right));
            }
        }
    }

    private static int CountRunes(ReadOnlySpan<byte> piece)
    {
        int runes = 0;
        foreach (byte unit in piece)
        {
            runes += (unit & 0xC0) == 0x80 ? 0 : 1;
        }

        return runes;
    }

    private static void AddMerge(in Split split, PieceTable pieces, MergeTable merges, ScoredVocabulary vocabulary)
    {
        if (merges.Count == MergeTable.MaxMerges)
        {
            throw new GemmaException("there are too many merges", vocabulary.Path, Untrusted.Show(vocabulary.Subject), $"at most {MergeTable.MaxMerges}");
        }

        Rune.DecodeLastFromUtf8(pieces.Utf8Of(split.Left), out Rune left, out _);
        Rune.DecodeFromUtf8(pieces.Utf8Of(split.Right), out Rune right, out _);
        merges.TryAdd(split.Left, split.Right, split.Piece, left.Value, right.Value);
    }

    private static GemmaException Bad(ScoredVocabulary vocabulary, int id, string problem, string? expected = null, string? found = null)
    {
        ReadOnlySpan<byte> piece = vocabulary.Utf8Of(id);
        string shown = Untrusted.Show(Encoding.UTF8.GetString(piece[..Math.Min(piece.Length, 64)]));
        return new GemmaException(problem, vocabulary.Path, $"{Untrusted.Show(vocabulary.Subject)}[{id}] \"{shown}\"", expected, found);
    }

    /// <summary>A way to put a piece together. The natural order is the order of merging among pieces of one score.</summary>
    private readonly record struct Split(int LeftRunes, int RightRunes, int Piece, int Left, int Right) : IComparable<Split>
    {
        public int CompareTo(Split other)
        {
            int byLeft = other.LeftRunes.CompareTo(LeftRunes);
            int byRight = byLeft != 0 ? byLeft : other.RightRunes.CompareTo(RightRunes);
            return byRight != 0 ? byRight : Piece.CompareTo(other.Piece);
        }
    }
}
