namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference of the row kernel with 8-bit activations.</summary>
internal sealed unsafe class Int4RowInt8Scalar : Int4RowScalar
{
    protected override int WordDot(uint word, byte* block, int index) => Int4DotScalar.Int8(word, block, index);
}
