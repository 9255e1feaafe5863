namespace ManagedGemma.Checkpoints;

/// <summary>What a piece is for, numbered as SentencePiece and GGUF number it.</summary>
internal enum PieceKind
{
    /// <summary>Found by merging.</summary>
    Normal = 1,

    /// <summary>Stands for what is in no piece.</summary>
    Unknown = 2,

    /// <summary>Not for text: the beginning, the end, a turn.</summary>
    Control = 3,

    /// <summary>Found in raw text, never split.</summary>
    UserDefined = 4,

    /// <summary>Fills up the vocabulary.</summary>
    Unused = 5,

    /// <summary>One byte of what is in no piece.</summary>
    Byte = 6,
}
