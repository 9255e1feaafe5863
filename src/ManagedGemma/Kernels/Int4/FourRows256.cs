namespace ManagedGemma.Kernels.Int4;

/// <summary>The nibbles of eight words of four rows: row by row, or a word of each 128 bits after the other with all rows'.</summary>
internal readonly struct FourRows256(WordNibbles256 first, WordNibbles256 second, WordNibbles256 third, WordNibbles256 fourth)
{
    /// <summary>Row 0, or words 0 and 4.</summary>
    public readonly WordNibbles256 First = first;

    /// <summary>Row 1, or words 1 and 5.</summary>
    public readonly WordNibbles256 Second = second;

    /// <summary>Row 2, or words 2 and 6.</summary>
    public readonly WordNibbles256 Third = third;

    /// <summary>Row 3, or words 3 and 7.</summary>
    public readonly WordNibbles256 Fourth = fourth;
}
