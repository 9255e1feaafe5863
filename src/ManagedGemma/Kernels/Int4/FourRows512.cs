namespace ManagedGemma.Kernels.Int4;

/// <summary>The nibbles of sixteen words of four rows: row by row, or a word of each 128 bits after the other with all rows'.</summary>
internal readonly struct FourRows512(WordNibbles512 first, WordNibbles512 second, WordNibbles512 third, WordNibbles512 fourth)
{
    /// <summary>Row 0, or words 0, 4, 8 and 12.</summary>
    public readonly WordNibbles512 First = first;

    /// <summary>Row 1, or words 1, 5, 9 and 13.</summary>
    public readonly WordNibbles512 Second = second;

    /// <summary>Row 2, or words 2, 6, 10 and 14.</summary>
    public readonly WordNibbles512 Third = third;

    /// <summary>Row 3, or words 3, 7, 11 and 15.</summary>
    public readonly WordNibbles512 Fourth = fourth;
}
