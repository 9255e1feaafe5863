using System.Buffers.Binary;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// Reads a SentencePiece model that lies in a tensor: the protocol buffer ModelProto of sentencepiece_model.proto, as far as Gemma's
/// kind needs it.
/// </summary>
internal ref struct SentencePieceModel
{
    private const string Remedy = "a tokenizer.json beside the weights";

    // sentencepiece_model.proto's numbers.
    private const int PieceField = 1;
    private const int TrainerField = 2;
    private const int NormalizerField = 3;
    private const long BytePairEncoding = 2;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly TensorView _tensor;
    private int _at;
    private int _end;

    private SentencePieceModel(ReadOnlySpan<byte> bytes, TensorView tensor)
    {
        _bytes = bytes;
        _tensor = tensor;
        _end = bytes.Length;
    }

    private enum Wire
    {
        Number = 0,
        Eight = 1,
        Bytes = 2,
        Four = 5,
    }

    /// <summary>Reads the pieces, and refuses what is tokenised in another way than Gemma.</summary>
    /// <exception cref="GemmaException">It is damaged or of another kind; the message says what to put beside the file.</exception>
    public static unsafe ScoredVocabulary Read(TensorView tensor)
    {
        if (tensor.ElementType != ElementType.U8 || tensor.ByteLength > int.MaxValue)
        {
            throw new GemmaException("not a SentencePiece model", tensor.File, Untrusted.Show(tensor.Name), Remedy, $"{tensor}");
        }

        return new SentencePieceModel(new ReadOnlySpan<byte>(tensor.Pointer, (int)tensor.ByteLength), tensor).ReadModel();
    }

    private ScoredVocabulary ReadModel()
    {
        List<ScoredPiece> pieces = [];

        // The format's defaults where the model says nothing.
        long kind = 1, bos = 1, addsPrefix = 1, byteFallback = 0;
        while (NextField(out int field, out Wire wire))
        {
            switch (field)
            {
                case PieceField:
                    Nested inside = Enter(wire);
                    pieces.Add(ReadPiece());
                    Leave(inside);
                    break;
                case TrainerField:
                    inside = Enter(wire);
                    while (NextField(out int trainer, out wire))
                    {
                        long value = ReadValue(wire);
                        (kind, byteFallback, bos) = trainer switch
                        {
                            3 => (value, byteFallback, bos),
                            35 => (kind, value, bos),
                            41 => (kind, byteFallback, value),
                            _ => (kind, byteFallback, bos),
                        };
                    }

                    Leave(inside);
                    break;
                case NormalizerField:
                    inside = Enter(wire);
                    while (NextField(out int normalizer, out wire))
                    {
                        long value = ReadValue(wire);
                        addsPrefix = normalizer == 3 ? value : addsPrefix;
                    }

                    Leave(inside);
                    break;
                default:
                    ReadValue(wire);
                    break;
            }
        }

        Require(pieces.Count > 0, "holds no pieces", null);
        Require(kind == BytePairEncoding, "is not byte-pair encoding", $"model type {kind}");
        Require(byteFallback == 1, "has no byte fallback", null);
        Require(addsPrefix == 0, "puts a space before every text", null);
        Require(bos >= 0 && bos < pieces.Count, "names no piece that begins a sequence", $"{bos}");
        return new ScoredVocabulary(_tensor, _tensor.Name, [.. pieces]) { BosId = (int)bos };
    }

    private ScoredPiece ReadPiece()
    {
        ScoredPiece piece = new(_at, 0, 0, PieceKind.Normal);
        while (NextField(out int field, out Wire wire))
        {
            switch (field, wire)
            {
                case (1, Wire.Bytes):
                    int length = ReadLength();
                    piece = piece with { Offset = _at, Length = length };
                    _at += length;
                    break;
                case (2, Wire.Four):
                    piece = piece with { Score = BinaryPrimitives.ReadSingleLittleEndian(Take(4)) };
                    break;
                case (3, Wire.Number):
                    piece = piece with { Kind = (PieceKind)(int)ReadNumber() };
                    break;
                default:
                    ReadValue(wire);
                    break;
            }
        }

        return piece;
    }

    private bool NextField(out int field, out Wire wire)
    {
        if (_at == _end)
        {
            (field, wire) = (0, Wire.Number);
            return false;
        }

        long key = ReadNumber();
        wire = (Wire)(key & 7);
        Require(key is > 7 and <= uint.MaxValue && Enum.IsDefined(wire), "is damaged", $"field {key >> 3} of type {key & 7} at byte {_at}");
        field = (int)(key >> 3);
        return true;
    }

    /// <summary>A number, or nothing of interest: anything else is passed over and gives 0.</summary>
    private long ReadValue(Wire wire)
    {
        switch (wire)
        {
            case Wire.Number:
                return ReadNumber();
            case Wire.Bytes:
                Take(ReadLength());
                return 0;
            default:
                Take(wire == Wire.Four ? 4 : 8);
                return 0;
        }
    }

    private Nested Enter(Wire wire)
    {
        Require(wire == Wire.Bytes, "is damaged", $"a number for a message at byte {_at}");
        int length = ReadLength();
        Nested outer = new(_end);
        _end = _at + length;
        return outer;
    }

    private void Leave(Nested outer) => _end = outer.End;

    private int ReadLength()
    {
        long length = ReadNumber();
        Require(length >= 0 && length <= _end - _at, "is damaged", $"a length of {(ulong)length} bytes where {_end - _at} are left");
        return (int)length;
    }

    private long ReadNumber()
    {
        ulong number = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte part = Take(1)[0];
            number |= shift < 64 ? (ulong)(part & 0x7F) << shift : 0;
            if (part < 0x80)
            {
                return (long)number;
            }
        }

        Require(false, "is damaged", $"a number without an end at byte {_at}");
        return 0;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        Require(count <= _end - _at, "is damaged", $"an end at byte {_at}");
        _at += count;
        return _bytes.Slice(_at - count, count);
    }

    private readonly void Require(bool condition, string problem, string? found)
    {
        if (!condition)
        {
            throw new GemmaException($"the SentencePiece model {problem}", _tensor.File, Untrusted.Show(_tensor.Name), Remedy, found);
        }
    }

    /// <summary>Where the message around the current one ends.</summary>
    private readonly record struct Nested(int End);
}
