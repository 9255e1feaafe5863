namespace ManagedGemma.Checkpoints;

/// <summary>
/// A SentencePiece vocabulary where it lies in a file: pieces with scores and kinds, by id. Places have been found to lie inside
/// the file; texts are as the file has them, valid or not.
/// </summary>
/// <param name="file">All bytes of the file or tensor.</param>
/// <param name="subject">What holds the vocabulary, for messages: a key or a tensor's name.</param>
/// <param name="pieces">By id.</param>
internal sealed unsafe class ScoredVocabulary(TensorView file, string subject, ScoredPiece[] pieces)
{
    /// <summary>The file, for messages.</summary>
    public string Path => file.File;

    /// <summary>What holds the vocabulary, for messages.</summary>
    public string Subject => subject;

    /// <summary>By id.</summary>
    public ReadOnlySpan<ScoredPiece> Pieces => pieces;

    /// <summary>The token that begins every sequence.</summary>
    public int BosId { get; init; } = 2;

    /// <summary>A piece's bytes.</summary>
    public ReadOnlySpan<byte> Utf8Of(int id) => new(file.Pointer + pieces[id].Offset, pieces[id].Length);
}
