namespace ManagedGemma.Kernels.Int4;

/// <summary>What the references of the row kernel share: all but the dot product of a word.</summary>
internal abstract unsafe class Int4RowScalar : IInt4Row
{
    private const int Lanes = 16;

    public void Multiply(in Int4Rows rows, QuantizedActivations x, float* y, nint yStride)
    {
        for (int row = 0; row < rows.Count; row++)
        {
            for (int token = 0; token < x.Tokens; token++)
            {
                y[(token * yStride) + row] = Dot(rows.Slice(row, 1), x, token);
            }
        }
    }

    /// <summary>Σ q_w·q_x over the 8 elements of a word.</summary>
    protected abstract int WordDot(uint word, byte* block, int index);

    private float Dot(in Int4Rows row, QuantizedActivations x, int token)
    {
        Span<float> products = stackalloc float[Lanes], even = stackalloc float[Lanes], odd = stackalloc float[Lanes];
        float* scales = x.RowScalesOf(token);
        for (int index = 0; index < row.Groups * Int4Rows.GroupWords; index++)
        {
            ref float product = ref products[index % Lanes];
            int dot = WordDot(row.Words[index], x.Values(token, index / Lanes), index % Lanes);
            product = MathF.FusedMultiplyAdd(dot * scales[index / (Int4Rows.GroupWords / 2)], Int4Rows.Widen(row.Scales[index / Int4Rows.GroupWords]), product);
        }

        float* sums = x.RowSumsOf(token);
        for (int group = 0; group < row.Groups; group++)
        {
            ref float offset = ref (group % 2 == 0 ? even : odd)[group % Int4Rows.SumGroups / 2];
            offset = MathF.FusedMultiplyAdd(Int4Rows.Widen(row.Biases[group]), sums[QuantizedActivations.SumIndex(group)], offset);
        }

        for (int lane = 0; lane < Lanes; lane++)
        {
            products[lane] += even[lane] + odd[lane];
        }

        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                products[lane] += products[lane + half];
            }
        }

        return products[0];
    }
}
