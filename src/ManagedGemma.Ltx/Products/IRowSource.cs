namespace ManagedGemma.Ltx.Products;

/// <summary>Where a product's weights come from: rows of float32, an output each, however they lie.</summary>
internal interface IRowSource
{
    /// <summary>Outputs.</summary>
    int Rows { get; }

    /// <summary>Floats of scratch memory that <see cref="Read"/> wants for so many weights.</summary>
    int ScratchFloats(int count);

    /// <summary>Copies part of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="first">Its first weight.</param>
    /// <param name="destination">As many weights as it is long.</param>
    /// <param name="scratch">As <see cref="ScratchFloats"/> says.</param>
    void Read(int row, int first, Span<float> destination, Span<float> scratch);

    /// <summary>Asks memory for part of a row, which may lie beyond the matrix: nothing is read.</summary>
    void Prefetch(int row, int first, int count);
}
