namespace ManagedGemma.Kernels.FloatMatMul;

/// <summary>
/// Element by element with float.MultiplyAddEstimate, which fuses where the processor does and rounds the product on its own where it does
/// not: what the last columns of portable vectors need, to be summed as the others are.
/// </summary>
internal sealed unsafe class FloatMatMulEstimate : IFloatMatMul
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
                    sum = float.MultiplyAddEstimate(x[(row * xStride) + k], w[(k * wStride) + column], sum);
                }

                y[(row * yStride) + column] = sum;
            }
        }
    }
}
