namespace ManagedGemma.Kernels.Int4;

/// <summary>What all vector row kernels share: each row, while it is in the first-level cache, with all tokens. A kernel is a dot product.</summary>
internal abstract unsafe class Int4RowByDot : IInt4Row
{
    public void Multiply(in Int4Rows rows, QuantizedActivations x, float* y, nint yStride)
    {
        for (int row = 0; row < rows.Count; row++)
        {
            Int4Rows single = rows.Slice(row, 1);
            for (int token = 0; token < x.Tokens; token++)
            {
                y[(token * yStride) + row] = Dot(
                    single.Words, single.Scales, single.Biases, rows.Groups, (int*)x.Values(token, 0), x.RowScalesOf(token), x.RowSumsOf(token));
            }
        }
    }

    /// <summary>One row with one token, summed as <see cref="IInt4Row"/> says.</summary>
    protected abstract float Dot(uint* words, ushort* scales, ushort* biases, int groups, int* x, float* xScales, float* xSums);
}
