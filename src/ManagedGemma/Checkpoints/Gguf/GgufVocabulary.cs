using System.Buffers.Binary;

namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>Reads the vocabulary of a GGUF file's metadata: <c>tokenizer.ggml.*</c> of the kind that llama.cpp calls llama (SentencePiece).</summary>
internal static class GgufVocabulary
{
    /// <summary>The vocabulary's pieces.</summary>
    public const string TokensKey = "tokenizer.ggml.tokens";

    private const string ModelKey = "tokenizer.ggml.model";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string KindsKey = "tokenizer.ggml.token_type";
    private const string PrefixKey = "tokenizer.ggml.add_space_prefix";

    /// <summary>Whether the metadata names a vocabulary.</summary>
    public static bool IsIn(GgufMetadata metadata) => metadata.Has(TokensKey);

    /// <summary>Reads it. What is allocated is less than what the file holds: a length, a score and a kind for each piece.</summary>
    /// <exception cref="GemmaException">It is incomplete, or of another kind.</exception>
    public static ScoredVocabulary Read(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        string? model = metadata.Text(ModelKey);
        if (model != "llama")
        {
            throw metadata.Bad(
                ModelKey, "the tokenizer is of another kind than Gemma 3's; put a tokenizer.json beside the file", "llama", Untrusted.Show(model ?? "nothing"));
        }

        if (metadata.Flag(PrefixKey) == true)
        {
            throw metadata.Bad(PrefixKey, "a space before every text is not what Gemma 3 does", "false", "true");
        }

        GgufValue tokens = metadata.Array(TokensKey, GgufValueType.Text);
        GgufValue scores = metadata.Array(ScoresKey, GgufValueType.F32);
        GgufValue kinds = metadata.Array(KindsKey, GgufValueType.I32, GgufValueType.U32);
        foreach ((string key, GgufValue value) in (ReadOnlySpan<(string, GgufValue)>)[(ScoresKey, scores), (KindsKey, kinds)])
        {
            if (value.Count != tokens.Count)
            {
                throw metadata.Bad(key, $"does not match {TokensKey}", $"{tokens.Count} elements", $"{value.Count}");
            }
        }

        ScoredPiece[] pieces = new ScoredPiece[tokens.Count];
        long at = tokens.Offset;
        for (int i = 0; i < pieces.Length; i++)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(metadata.Bytes(at, 8));
            float score = BinaryPrimitives.ReadSingleLittleEndian(metadata.Bytes(scores.Offset + (4L * i), 4));
            int kind = BinaryPrimitives.ReadInt32LittleEndian(metadata.Bytes(kinds.Offset + (4L * i), 4));
            pieces[i] = new ScoredPiece(at + 8, length, score, (PieceKind)kind);
            at += 8 + length;
        }

        TensorView all = new(Path.GetFileName(file.Path), ElementType.U8, [file.Memory.Length], file.Memory, 0, file.Memory.Length);
        return new ScoredVocabulary(all, TokensKey, pieces) { BosId = metadata.Count("tokenizer.ggml.bos_token_id") ?? 2 };
    }

    /// <summary>The id of a piece, by looking through all; null when there is none.</summary>
    public static int? Find(GgufMetadata metadata, ReadOnlySpan<byte> piece)
    {
        if (!IsIn(metadata))
        {
            return null;
        }

        GgufValue tokens = metadata.Array(TokensKey, GgufValueType.Text);
        long at = tokens.Offset;
        for (long i = 0; i < tokens.Count && i < int.MaxValue; i++)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(metadata.Bytes(at, 8));
            if (metadata.Bytes(at + 8, length).SequenceEqual(piece))
            {
                return (int)i;
            }

            at += 8 + length;
        }

        return null;
    }
}
