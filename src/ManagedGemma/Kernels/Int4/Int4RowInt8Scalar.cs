namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference of the row kernel with 8-bit activations.</summary>
internal sealed unsafe class Int4RowInt8Scalar : IInt4Row
{
    public nuint ScratchBytes => 0;

    public void Multiply(in Int4Rows rows, QuantizedActivations x, byte* scratch, float* y, nint yStride)
    {
        for (int token = 0; token < x.Tokens; token++)
        {
            for (int row = 0; row < rows.Count; row++)
            {
                y[(token * yStride) + row] = Int4DotScalar.Int8(rows.Slice(row, 1), x, token);
            }
        }
    }
}
