namespace ManagedGemma.Kernels.FloatMatMul;

/// <summary>The reference: the chain of fused multiply-adds that the contract names, element by element.</summary>
internal sealed unsafe class FloatMatMulScalar : IFloatMatMul
{
    public void Multiply(float* x, nint xStride, int rows, float* w, nint wStride, int depth, float* y, nint yStride, int columns, bool accumulate)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                float sum = accumulate ? y[(row * yStride) + column] : 0;
                for (int k = 0; k < depth; k++)
                {
                    sum = MathF.FusedMultiplyAdd(x[(row * xStride) + k], w[(k * wStride) + column], sum);
                }

                y[(row * yStride) + column] = sum;
            }
        }
    }
}
