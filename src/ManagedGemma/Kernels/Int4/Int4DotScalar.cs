namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference of all integer kernels: one row of weights with one token, as <see cref="IInt4Panel"/> says.</summary>
internal static unsafe class Int4DotScalar
{
    /// <summary>The product with 16-bit activations.</summary>
    /// <param name="row">A single row.</param>
    /// <param name="x">Activations in either form.</param>
    /// <param name="token">The token.</param>
    public static float Int16(in Int4Rows row, QuantizedActivations x, int token)
    {
        float sum = 0;
        for (int group = 0; group < row.Groups; group++)
        {
            int dot = 0;
            for (int index = group * Int4Rows.GroupWords; index < (group + 1) * Int4Rows.GroupWords; index++)
            {
                dot += WordInt16(row.Words[index], x.Values(token, group / 2), index % 16);
            }

            sum = MathF.FusedMultiplyAdd(dot * *x.ScaleOf(token, group), Int4Rows.Widen(row.Scales[group]), sum);
            sum = MathF.FusedMultiplyAdd(*x.SumOf(token, group), Int4Rows.Widen(row.Biases[group]), sum);
        }

        return sum;
    }

    /// <summary>The product with 8-bit activations.</summary>
    /// <inheritdoc cref="Int16"/>
    public static float Int8(in Int4Rows row, QuantizedActivations x, int token)
    {
        float sum = 0;
        for (int group = 0; group < row.Groups; group++)
        {
            int dot = 0;
            for (int index = group * Int4Rows.GroupWords; index < (group + 1) * Int4Rows.GroupWords; index++)
            {
                int multiple = (short)*x.MultipleOf(token, index / (Int4Rows.GroupWords / 2));
                dot += multiple * WordInt8(row.Words[index], x.Values(token, group / 2), index % 16);
            }

            sum = MathF.FusedMultiplyAdd(dot, Int4Rows.Widen(row.Scales[group]), sum);
            sum = MathF.FusedMultiplyAdd(*x.SumOf(token, group), Int4Rows.Widen(row.Biases[group]), sum);
        }

        return sum * x.Units[token];
    }

    // Σ q_w·q_x over the 8 elements of a word; index: the word's in the block of a token's values, 0 .. 15.
    private static int WordInt16(uint word, byte* block, int index)
    {
        int* pairs = (int*)block + index;
        int sum = 0;
        for (int i = 0; i < 4; i++)
        {
            int pair = pairs[16 * i];
            sum += (int)((word >> (4 * i)) & 15) * (short)pair;
            sum += (int)((word >> ((4 * i) + 16)) & 15) * (pair >> 16);
        }

        return sum;
    }

    private static int WordInt8(uint word, byte* block, int index)
    {
        sbyte* even = (sbyte*)((int*)block + index);
        sbyte* odd = even + (16 * sizeof(int));
        int sum = 0;
        for (int i = 0; i < 4; i++)
        {
            sum += (int)((word >> (8 * i)) & 15) * even[i];
            sum += (int)((word >> ((8 * i) + 4)) & 15) * odd[i];
        }

        return sum;
    }
}
