namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference of the panel kernel with 16-bit activations, row by row without a panel.</summary>
internal sealed unsafe class Int4PanelInt16Scalar : IInt4Panel
{
    public int PanelRows => 32;

    public nuint ScratchBytes(int groups, int tokens) => 0;

    public void Multiply(in Int4Rows rows, QuantizedActivations x, TokenRange tokens, byte* scratch, float* y, nint yStride)
    {
        for (int token = 0; token < tokens.Count; token++)
        {
            for (int row = 0; row < rows.Count; row++)
            {
                y[(token * yStride) + row] = Int4DotScalar.Int16(rows.Slice(row, 1), x, tokens.First + token);
            }
        }
    }
}
