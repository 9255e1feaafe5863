using System.Text.Json;
using System.Text;

namespace ManagedGemma.Tokenization;

/// <content>The model: vocabulary and merges, which are nearly all of the file.</content>
internal ref partial struct TokenizerJsonReader
{
    private void ReadModel()
    {
        Expect(JsonTokenType.StartObject, "an object");
        HashSet<string> seen = new(StringComparer.Ordinal);
        Utf8JsonReader earlyMerges = default;
        bool hasEarlyMerges = false;
        while (NextKey(seen, "model.", out string key))
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
                    if (_reader.TokenType != JsonTokenType.Null && !(_reader.TokenType == JsonTokenType.String && _reader.ValueSpan.IsEmpty))
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
    }

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
            if (piece.IsEmpty || piece.Length > PieceTable.MaxPieceBytes)
            {
                throw Fail("a piece is empty or too long", null, $"1 to {PieceTable.MaxPieceBytes} bytes", $"{piece.Length}");
            }

            Advance();
            if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt32(out int id) || (uint)id >= PieceTable.MaxIdCount)
            {
                // The whole story is told here and not above: a string for each of the pieces would cost more than they do.
                id = ReadId($"model.vocab: {Quote(piece)}");
            }

            if (pieces.HasId(id))
            {
                throw Fail("two pieces have one id", $"model.vocab: {Quote(piece)}", null, $"{id}, which is {Quote(pieces.Utf8Of(id))} too");
            }

            if (!pieces.TryAdd(piece, id))
            {
                throw Fail("the piece stands twice", $"model.vocab: {Quote(piece)}");
            }
        }

        _pieces = pieces;
    }

    private void ReadMerges()
    {
        _subject = "model.merges";
        Expect(JsonTokenType.StartArray, "an array");
        List<MergeTable.Merge> merges = [];
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

            merges.Add(ReadMerge(merges.Count));
        }

        _merges = MergeTable.Create(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(merges), out int duplicate);
        if (duplicate >= 0)
        {
            MergeTable.Merge merge = merges[duplicate];
            throw Fail("the merge stands twice", $"model.merges[{duplicate}]", null, $"{Quote(_pieces!.Utf8Of(merge.Left))} and {Quote(_pieces.Utf8Of(merge.Right))}");
        }
    }

    /// <summary>Reads <c>["a", "b"]</c>, or <c>"a b"</c> as older files have it.</summary>
    private MergeTable.Merge ReadMerge(int index)
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            ReadOnlySpan<byte> both = Unescape(ref _scratch);
            int space = both.IndexOf((byte)' ');
            return space >= 0 && !both[(space + 1)..].Contains((byte)' ')
                ? Merge(both[..space], both[(space + 1)..], index)
                : throw Fail("the merge is not two pieces with a space between", $"model.merges[{index}]", null, Quote(both));
        }

        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw Fail("the merge has the wrong type", $"model.merges[{index}]", "an array or a string", Describe(_reader.TokenType));
        }

        ReadOnlySpan<byte> left = ReadPart(index, ref _scratch);
        ReadOnlySpan<byte> right = ReadPart(index, ref _secondScratch);
        Advance();
        return _reader.TokenType == JsonTokenType.EndArray
            ? Merge(left, right, index)
            : throw Fail("the merge has more than two parts", $"model.merges[{index}]");
    }

    private ReadOnlySpan<byte> ReadPart(int index, scoped ref byte[] scratch)
    {
        Advance();
        return _reader.TokenType == JsonTokenType.String
            ? Unescape(ref scratch)
            : throw Fail("the merge's part has the wrong type", $"model.merges[{index}]", "two strings", Describe(_reader.TokenType));
    }

    private readonly MergeTable.Merge Merge(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, int index)
    {
        PieceTable pieces = _pieces!;
        int leftId = pieces.Find(left);
        int rightId = pieces.Find(right);
        if (leftId < 0 || rightId < 0)
        {
            throw Fail("the merge's part is not in the vocabulary", $"model.merges[{index}]", null, Quote(leftId < 0 ? left : right));
        }

        int length = left.Length + right.Length;
        if (length > PieceTable.MaxPieceBytes)
        {
            throw Fail("the merge's result is too long", $"model.merges[{index}]", $"at most {PieceTable.MaxPieceBytes} bytes", $"{length}");
        }

        Span<byte> joined = length <= 256 ? stackalloc byte[256] : new byte[length];
        left.CopyTo(joined);
        right.CopyTo(joined[left.Length..]);
        int resultId = pieces.Find(joined[..length]);
        if (resultId < 0)
        {
            throw Fail("the merge's result is not in the vocabulary", $"model.merges[{index}]", null, Quote(joined[..length]));
        }

        // A byte token stands for a byte, so it never is part of a longer piece, nor made from the characters of its name.
        if (IsByteName(left) || IsByteName(right) || IsByteName(joined[..length]))
        {
            throw Fail("a byte piece takes part in a merge", $"model.merges[{index}]", null, $"{Quote(left)} and {Quote(right)}");
        }

        Rune.DecodeLastFromUtf8(left, out Rune leftRune, out _);
        Rune.DecodeFromUtf8(right, out Rune rightRune, out _);
        return new MergeTable.Merge(leftId, rightId, resultId, leftRune.Value, rightRune.Value);
    }
}
