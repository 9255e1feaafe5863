using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ManagedGemma.Tokenization;

/// <content>The model: vocabulary and merges, which are nearly all of the file.</content>
internal ref partial struct TokenizerJsonReader
{
    private void ReadModel()
    {
        Expect(JsonTokenType.StartObject, "an object");
        _parent = "model";
        HashSet<string> seen = new(StringComparer.Ordinal);
        Utf8JsonReader earlyMerges = default;
        bool hasEarlyMerges = false;
        while (NextKey(seen, out string key))
        {
            switch (key)
            {
                case "type":
                    Expect(JsonTokenType.String, "\"BPE\"");
                    if (!_reader.ValueTextEquals("BPE"u8))
                    {
                        throw Fail("the model is of another kind", null, "\"BPE\"", Quote(Unescape(ref _scratch)));
                    }

                    break;
                case "byte_fallback" or "ignore_merges":
                    bool wanted = key == "byte_fallback";
                    if (ReadBoolean() != wanted)
                    {
                        throw Fail("the model works in another way", null, wanted ? "true" : "false", wanted ? "false" : "true");
                    }

                    break;
                case "dropout":
                    if (_reader.TokenType != JsonTokenType.Null)
                    {
                        throw Fail("the model works in another way", null, "null", Describe(_reader.TokenType));
                    }

                    break;
                case "continuing_subword_prefix" or "end_of_word_suffix":
                    bool isEmpty = _reader.TokenType == JsonTokenType.String && _reader.ValueSpan.IsEmpty;
                    if (_reader.TokenType != JsonTokenType.Null && !isEmpty)
                    {
                        throw Fail("the model works in another way", null, "null", Describe(_reader.TokenType));
                    }

                    break;
                case "vocab":
                    ReadVocabulary();
                    break;
                case "merges" when _pieces is null:
                    // Rare: the merges stand before the vocabulary that they need. Come back to them.
                    earlyMerges = _reader;
                    hasEarlyMerges = true;
                    _reader.Skip();
                    break;
                case "merges":
                    ReadMerges();
                    break;
                default:
                    // unk_token and fuse_unk among them: with all bytes in the vocabulary nothing is unknown.
                    _reader.Skip();
                    break;
            }
        }

        foreach (string key in (ReadOnlySpan<string>)["type", "byte_fallback", "vocab", "merges"])
        {
            if (!seen.Contains(key))
            {
                throw Fail("the key is missing", $"model.{key}");
            }
        }

        if (hasEarlyMerges)
        {
            Utf8JsonReader end = _reader;
            _reader = earlyMerges;
            ReadMerges();
            _reader = end;
        }

        _parent = "";
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadVocabulary()
    {
        Expect(JsonTokenType.StartObject, "an object");
        PieceTable pieces = new();
        while (true)
        {
            Advance();
            if (_reader.TokenType == JsonTokenType.EndObject)
            {
                break;
            }

            ReadOnlySpan<byte> piece = Unescape(ref _scratch);
            if (!Utf8.IsValid(piece))
            {
                throw Fail("a piece is not UTF-8", null, null, Quote(piece));
            }

            if (piece.IsEmpty || piece.Length > PieceTable.MaxPieceBytes)
            {
                throw Fail("a piece is empty or too long", null, $"1 to {PieceTable.MaxPieceBytes} bytes", $"{piece.Length}");
            }

            Advance();
            if (!TryReadId(out int id))
            {
                throw BadId($"model.vocab: {Quote(piece)}");
            }

            if (pieces.HasId(id))
            {
                string other = Quote(pieces.Utf8Of(id));
                throw Fail("two pieces have one id", $"model.vocab: {Quote(piece)}", null, $"{id}, which is {other} too");
            }

            if (!pieces.TryAdd(piece, id))
            {
                throw Fail("the piece stands twice", $"model.vocab: {Quote(piece)}");
            }
        }

        _pieces = pieces;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadMerges()
    {
        _key = "merges";
        Expect(JsonTokenType.StartArray, "an array");

        // A merge takes 17 bytes of a compact file and 40 of an indented one.
        MergeTable merges = new((int)((_json.Length - _reader.BytesConsumed) / 40));
        int lastResult = 0;
        while (true)
        {
            Advance();
            if (_reader.TokenType == JsonTokenType.EndArray)
            {
                break;
            }

            if (merges.Count == MergeTable.MaxMerges)
            {
                throw Fail("there are too many merges", null, $"at most {MergeTable.MaxMerges}");
            }

            ReadMerge(merges, ref lastResult);
        }

        merges.Trim();
        _merges = merges;
    }

    /// <summary>Reads <c>["a", "b"]</c>, or <c>"a b"</c> as older files have it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadMerge(MergeTable merges, ref int lastResult)
    {
        int index = merges.Count;
        if (_reader.TokenType == JsonTokenType.String)
        {
            ReadOnlySpan<byte> both = Unescape(ref _scratch);
            int space = both.IndexOf((byte)' ');
            if (space < 0 || both[(space + 1)..].Contains((byte)' '))
            {
                throw Fail("the merge is not two pieces with a space between", $"model.merges[{index}]", null, Quote(both));
            }

            AddMerge(both[..space], both[(space + 1)..], merges, ref lastResult);
            return;
        }

        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw Fail("the merge has the wrong type", $"model.merges[{index}]", "an array or a string", Describe(_reader.TokenType));
        }

        ReadOnlySpan<byte> left = ReadPart(index, ref _scratch);
        ReadOnlySpan<byte> right = ReadPart(index, ref _secondScratch);
        Advance();
        if (_reader.TokenType != JsonTokenType.EndArray)
        {
            throw Fail("the merge has more than two parts", $"model.merges[{index}]");
        }

        AddMerge(left, right, merges, ref lastResult);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ReadOnlySpan<byte> ReadPart(int index, scoped ref byte[] scratch)
    {
        Advance();
        return _reader.TokenType == JsonTokenType.String
            ? Unescape(ref scratch)
            : throw Fail("the merge's part has the wrong type", $"model.merges[{index}]", "two strings", Describe(_reader.TokenType));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddMerge(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, MergeTable merges, ref int lastResult)
    {
        PieceTable pieces = _pieces!;
        int leftId = pieces.Find(left);
        int rightId = pieces.Find(right);
        if (leftId < 0 || rightId < 0)
        {
            string missing = Quote(leftId < 0 ? left : right);
            throw Fail("the merge's part is not in the vocabulary", $"model.merges[{merges.Count}]", null, missing);
        }

        // Files list all ways to make a piece, then those of the next piece: the guess spares most of the look-ups.
        int resultId = lastResult;
        if (!IsJoined(pieces.Utf8Of(resultId), left, right) && !IsJoined(pieces.Utf8Of(++resultId), left, right))
        {
            resultId = FindJoined(left, right, merges.Count);
        }

        lastResult = resultId;

        // A byte token stands for a byte, so it never is part of a longer piece, nor made from the characters of its name.
        if (IsByteName(left) || IsByteName(right) || IsByteName(pieces.Utf8Of(resultId)))
        {
            throw Fail("a byte piece takes part in a merge", $"model.merges[{merges.Count}]", null, $"{Quote(left)} and {Quote(right)}");
        }

        Rune.DecodeLastFromUtf8(left, out Rune leftRune, out _);
        Rune.DecodeFromUtf8(right, out Rune rightRune, out _);
        if (!merges.TryAdd(leftId, rightId, resultId, leftRune.Value, rightRune.Value))
        {
            throw Fail("the merge stands twice", $"model.merges[{merges.Count}]", null, $"{Quote(left)} and {Quote(right)}");
        }
    }

    private static bool IsJoined(ReadOnlySpan<byte> piece, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        piece.Length == left.Length + right.Length && piece.StartsWith(left) && piece.EndsWith(right);

    private readonly int FindJoined(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, int index)
    {
        // Parts are in the vocabulary, so their lengths are bounded.
        byte[] joined = [.. left, .. right];
        int id = joined.Length <= PieceTable.MaxPieceBytes ? _pieces!.Find(joined) : -1;
        return id >= 0 ? id : throw Fail("the merge's result is not in the vocabulary", $"model.merges[{index}]", null, Quote(joined));
    }
}
