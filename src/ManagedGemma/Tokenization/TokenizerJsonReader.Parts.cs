using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ManagedGemma.Tokenization;

/// <content>The small parts: added tokens, normaliser, pre-tokeniser, post-processor, decoder.</content>
internal ref partial struct TokenizerJsonReader
{
    private const int MaxPartBytes = 1 << 20;

    private static readonly string[] FlagsThatMustBeFalse = ["single_word", "lstrip", "rstrip", "normalized"];

    private void ReadAddedTokens()
    {
        Expect(JsonTokenType.StartArray, "an array");
        List<TokenizerDefinition.AddedToken> tokens = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (true)
        {
            Advance();
            if (_reader.TokenType == JsonTokenType.EndArray)
            {
                break;
            }

            (_parent, _index, _key) = ("added_tokens", tokens.Count, "");
            seen.Clear();
            tokens.Add(ReadAddedToken(seen));
        }

        (_parent, _index) = ("", -1);

        _addedTokens = tokens;
    }

    private TokenizerDefinition.AddedToken ReadAddedToken(HashSet<string> seen)
    {
        Expect(JsonTokenType.StartObject, "an object");
        string content = "";
        int id = 0;
        bool special = false;
        string? badFlag = null;
        while (NextKey(seen, out string key))
        {
            switch (key)
            {
                case "id":
                    id = TryReadId(out int given) ? given : throw BadId(Subject);
                    break;
                case "content":
                    Expect(JsonTokenType.String, "a string");
                    ReadOnlySpan<byte> utf8 = Unescape(ref _scratch);
                    content = Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : throw Fail("the added token is not UTF-8");
                    break;
                case "special":
                    special = ReadBoolean();
                    break;
                default:
                    if (!FlagsThatMustBeFalse.Contains(key))
                    {
                        _reader.Skip();
                    }
                    else if (ReadBoolean())
                    {
                        badFlag = key;
                    }

                    break;
            }
        }

        _key = "";
        if (!seen.Contains("id") || !seen.Contains("content") || !seen.Contains("normalized"))
        {
            throw Fail("the added token is incomplete", null, "id, content and normalized");
        }

        if (content.Length is 0 or > AddedTokenTrie.MaxTokenLength)
        {
            string expected = $"1 to {AddedTokenTrie.MaxTokenLength} characters";
            throw Fail("the added token is empty or too long", null, expected, $"{content.Length}");
        }

        return badFlag is null
            ? new TokenizerDefinition.AddedToken(content, id, special)
            : throw Fail($"the added token is {badFlag}, which is not supported", $"{Subject} {Quote(content)}", "false", "true");
    }

    /// <summary>Puts the added tokens into the vocabulary, or checks that they agree with it.</summary>
    private readonly void AddAddedTokens()
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < _addedTokens!.Count; i++)
        {
            (string content, int id, _) = _addedTokens[i];
            byte[] piece = Encoding.UTF8.GetBytes(content);
            string Token() => $"added_tokens[{i}] {Quote(content)}";
            if (!seen.Add(content))
            {
                throw Fail("the added token stands twice", Token());
            }

            if (IsByteName(piece))
            {
                throw Fail("the added token is a byte piece", Token());
            }

            int known = _pieces!.Find(piece);
            if (known >= 0 && known != id)
            {
                throw Fail("the added token has another id than its piece", Token(), $"{known}", $"{id}");
            }

            if (known < 0 && _pieces.HasId(id))
            {
                throw Fail("two pieces have one id", Token(), null, $"{id}, which is {Quote(_pieces.Utf8Of(id))} too");
            }

            if (known < 0)
            {
                _pieces.TryAdd(piece, id);
            }
        }
    }

    private void CheckNormalizer()
    {
        string subject = Subject;
        using JsonDocument part = ReadPart();
        if (!IsReplace(part.RootElement, " ", "\u2581"))
        {
            throw Fail("the normaliser is of another kind", subject, "Replace \" \" by \"\u2581\"", Shorten(part.RootElement.GetRawText()));
        }
    }

    private void CheckPreTokenizer()
    {
        // Splitting at spaces is splitting at nothing: the normaliser left none.
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        string subject = Subject;
        using JsonDocument part = ReadPart();
        JsonElement root = part.RootElement;
        bool isSplit = Is(root, "type", "Split")
            && root.TryGetProperty("pattern", out JsonElement pattern)
            && Is(pattern, "String", " ")
            && (!root.TryGetProperty("invert", out JsonElement invert) || invert.ValueKind == JsonValueKind.False);
        if (!isSplit)
        {
            throw Fail("the pre-tokeniser is of another kind", subject, "null or Split at \" \"", Shorten(root.GetRawText()));
        }
    }

    private void ReadPostProcessor()
    {
        string subject = Subject;
        using JsonDocument part = ReadPart();
        JsonElement root = part.RootElement;
        if (Is(root, "type", "TemplateProcessing")
            && root.TryGetProperty("single", out JsonElement single)
            && single.ValueKind == JsonValueKind.Array
            && single.GetArrayLength() == 2
            && TryGetObject(single[0], "SpecialToken", out JsonElement first)
            && first.TryGetProperty("id", out JsonElement name)
            && name.ValueKind == JsonValueKind.String
            && TryGetObject(single[1], "Sequence", out JsonElement sequence)
            && Is(sequence, "id", "A")
            && TryGetObject(root, "special_tokens", out JsonElement tokens)
            && TryGetObject(tokens, name.GetString()!, out JsonElement token)
            && token.TryGetProperty("ids", out JsonElement ids)
            && ids.ValueKind == JsonValueKind.Array
            && ids.GetArrayLength() == 1
            && ids[0].ValueKind == JsonValueKind.Number
            && ids[0].TryGetInt32(out _bosId))
        {
            _bosPiece = name.GetString()!;
            return;
        }

        const string Expected = "a template of one special token and the text";
        throw Fail("the post-processor is of another kind", subject, Expected, Shorten(root.GetRawText()));
    }

    private void CheckDecoder()
    {
        string subject = Subject;
        using JsonDocument part = ReadPart();
        JsonElement root = part.RootElement;
        bool isKnown = Is(root, "type", "Sequence")
            && root.TryGetProperty("decoders", out JsonElement decoders)
            && decoders.ValueKind == JsonValueKind.Array
            && decoders.GetArrayLength() == 3
            && IsReplace(decoders[0], "\u2581", " ")
            && Is(decoders[1], "type", "ByteFallback")
            && Is(decoders[2], "type", "Fuse");
        if (!isKnown)
        {
            const string Expected = "Replace \"\u2581\" by \" \", ByteFallback, Fuse";
            throw Fail("the decoder is of another kind", subject, Expected, Shorten(root.GetRawText()));
        }
    }

    /// <summary>Parses the object that the reader stands on; its strings can all be read without an exception.</summary>
    private JsonDocument ReadPart()
    {
        Expect(JsonTokenType.StartObject, "an object");
        int start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        ReadOnlySpan<byte> json = _json[start..(int)_reader.BytesConsumed];
        if (json.Length > MaxPartBytes)
        {
            throw Fail("the object is too large", null, $"at most {MaxPartBytes} bytes", $"{json.Length}");
        }

        if (!Utf8.IsValid(json))
        {
            throw Fail("the text is not UTF-8");
        }

        // An escape can spell half a surrogate pair, which JsonElement reports only when it is looked at: look now.
        try
        {
            Utf8JsonReader strings = new(json);
            while (strings.Read())
            {
                if (strings.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && strings.ValueIsEscaped)
                {
                    strings.GetString();
                }
            }
        }
        catch (InvalidOperationException exception)
        {
            throw Malformed(exception);
        }

        return JsonDocument.Parse(json.ToArray(), new JsonDocumentOptions { AllowDuplicateProperties = false });
    }

    private static bool TryGetObject(JsonElement parent, string name, out JsonElement value)
    {
        value = default;
        return parent.ValueKind == JsonValueKind.Object
            && parent.TryGetProperty(name, out value)
            && value.ValueKind == JsonValueKind.Object;
    }

    private static bool Is(JsonElement parent, string name, string expected) =>
        parent.ValueKind == JsonValueKind.Object
        && parent.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.String
        && value.ValueEquals(expected);

    private static bool IsReplace(JsonElement element, string pattern, string content) =>
        Is(element, "type", "Replace")
        && element.TryGetProperty("pattern", out JsonElement found)
        && Is(found, "String", pattern)
        && Is(element, "content", content);
}
