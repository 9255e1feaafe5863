using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ManagedGemma.Tokenization;

/// <summary>
/// Reads a <c>tokenizer.json</c> in one pass over its bytes, and accepts only what <see cref="GemmaTokenizer"/> does
/// exactly. Everything else, and anything malformed, is a <see cref="GemmaException"/> that names the file and the key.
/// </summary>
internal ref partial struct TokenizerJsonReader
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly string _source;
    private Utf8JsonReader _reader;

    // What is being read, put together only when a message needs it: the parent, its index if it is an array's, the key.
    private string _parent = "";
    private int _index = -1;
    private string _key = "the file";

    private byte[] _scratch = new byte[256];
    private byte[] _secondScratch = new byte[256];

    private PieceTable? _pieces;
    private MergeTable? _merges;
    private List<TokenizerDefinition.AddedToken>? _addedTokens;
    private string _bosPiece = "";
    private int _bosId;

    private TokenizerJsonReader(ReadOnlySpan<byte> json, string source)
    {
        _json = json;
        _source = source;
        _reader = new Utf8JsonReader(json);
    }

    /// <summary>Reads and checks.</summary>
    /// <param name="json">Any bytes.</param>
    /// <param name="source">The file's name for messages.</param>
    public static TokenizerDefinition Read(ReadOnlySpan<byte> json, string source)
    {
        TokenizerJsonReader reader = new(json, source);
        try
        {
            return reader.ReadFile();
        }
        catch (JsonException exception)
        {
            throw reader.Malformed(exception);
        }
    }

    private readonly string Subject => (_parent.Length, _index) switch
    {
        (0, _) => Shorten(_key),
        (_, -1) => $"{_parent}.{Shorten(_key)}",
        _ => _key.Length == 0 ? $"{_parent}[{_index}]" : $"{_parent}[{_index}].{Shorten(_key)}",
    };

    private TokenizerDefinition ReadFile()
    {
        _reader.Read();
        Expect(JsonTokenType.StartObject, "an object");
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (NextKey(seen, out string key))
        {
            switch (key)
            {
                case "added_tokens":
                    ReadAddedTokens();
                    break;
                case "normalizer":
                    CheckNormalizer();
                    break;
                case "pre_tokenizer":
                    CheckPreTokenizer();
                    break;
                case "post_processor":
                    ReadPostProcessor();
                    break;
                case "decoder":
                    CheckDecoder();
                    break;
                case "model":
                    ReadModel();
                    break;
                default:
                    // version, truncation, padding: how much text a caller wants is not the tokenizer's business here.
                    _reader.Skip();
                    break;
            }
        }

        // Anything but white space after the object is a JsonException.
        _key = "the end of the file";
        Advance();
        foreach (string key in (ReadOnlySpan<string>)["added_tokens", "normalizer", "post_processor", "decoder", "model"])
        {
            if (!seen.Contains(key))
            {
                throw Fail("the key is missing", key);
            }
        }

        return Finish();
    }

    private readonly TokenizerDefinition Finish()
    {
        PieceTable pieces = _pieces!;
        int[] byteIds = new int[256];
        for (int value = 0; value < 256; value++)
        {
            byteIds[value] = Require(ByteName(value));
        }

        AddAddedTokens();
        int bos = Require(_bosPiece);
        if (bos != _bosId)
        {
            throw Fail("the template's first token has another id than its piece", "post_processor.special_tokens", $"{bos}", $"{_bosId}");
        }

        int eos = Require("<eos>");
        int pad = Require("<pad>");
        pieces.Trim();
        return new TokenizerDefinition(pieces, _merges!, byteIds, _addedTokens!, bos, eos, pad);
    }

    private readonly int Require(string piece)
    {
        int id = _pieces!.Find(Encoding.UTF8.GetBytes(piece));
        return id >= 0 ? id : throw Fail("a piece is missing", "model.vocab", Quote(piece));
    }

    /// <summary>The spelling of a byte's piece.</summary>
    internal static string ByteName(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    /// <summary>Whether a piece is spelled like a byte's.</summary>
    internal static bool IsByteName(ReadOnlySpan<byte> piece) =>
        piece.Length == 6 && piece.StartsWith("<0x"u8) && piece[5] == '>' && IsUpperHex(piece[3]) && IsUpperHex(piece[4]);

    private static bool IsUpperHex(byte character) => character is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'A' and <= (byte)'F');

    /// <summary>Moves to the next value of an object; false at its end.</summary>
    private bool NextKey(HashSet<string> seen, out string key)
    {
        Advance();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            key = "";
            return false;
        }

        key = Encoding.UTF8.GetString(Unescape(ref _scratch));
        _key = key;
        if (!seen.Add(key))
        {
            throw Fail("the key stands twice");
        }

        Advance();
        return true;
    }

    /// <summary>Moves to the next token. A text that ends too early is a <see cref="JsonException"/> by itself.</summary>
    private void Advance() => _reader.Read();

    /// <summary>
    /// The string or key that the reader stands on; valid until <paramref name="scratch"/> is used again. The reader does
    /// not look whether it is UTF-8: what becomes part of the tokenizer must be checked, what is only compared need not.
    /// </summary>
    private ReadOnlySpan<byte> Unescape(scoped ref byte[] scratch)
    {
        if (!_reader.ValueIsEscaped)
        {
            return _reader.ValueSpan;
        }

        if (_reader.ValueSpan.Length > scratch.Length)
        {
            scratch = new byte[_reader.ValueSpan.Length];
        }

        try
        {
            int length = _reader.CopyString(scratch);
            return scratch.AsSpan(0, length);
        }
        catch (InvalidOperationException exception)
        {
            throw Malformed(exception);
        }
    }

    private readonly void Expect(JsonTokenType type, string expected)
    {
        if (_reader.TokenType != type)
        {
            throw Fail("the value has the wrong type", null, expected, Describe(_reader.TokenType));
        }
    }

    private readonly bool ReadBoolean() => _reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Fail("the value has the wrong type", null, "true or false", Describe(_reader.TokenType)),
    };

    private readonly bool TryReadId(out int id)
    {
        id = -1;
        return _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out id) && (uint)id < PieceTable.MaxIdCount;
    }

    private readonly GemmaException BadId(string subject)
    {
        bool isNumber = _reader.TokenType == JsonTokenType.Number;
        string found = isNumber ? Shorten(Encoding.UTF8.GetString(_reader.ValueSpan)) : Describe(_reader.TokenType);
        return Fail("the id is not one", subject, $"0 to {PieceTable.MaxIdCount - 1}", found);
    }

    private readonly GemmaException Fail(string problem, string? subject = null, string? expected = null, string? found = null) =>
        new(problem, _source, subject ?? Subject, expected, found);

    private readonly GemmaException Malformed(Exception exception) =>
        new("the JSON is malformed or cut off", _source, Subject, found: exception.Message, innerException: exception);

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        JsonTokenType.Null => "null",
        _ => "the end of it",
    };

    private static string Quote(ReadOnlySpan<byte> utf8) => Quote(Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, 256)]));

    private static string Quote(string text) => $"\"{Shorten(text)}\"";

    /// <summary>Makes any text fit for one line of a message.</summary>
    private static string Shorten(string text)
    {
        const int Longest = 60;
        StringBuilder shown = new();
        foreach (char character in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            if (char.IsControl(character) || char.IsSurrogate(character))
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
            else
            {
                shown.Append(character);
            }
        }

        return text.Length > Longest ? shown.Append('…').ToString() : shown.ToString();
    }
}
