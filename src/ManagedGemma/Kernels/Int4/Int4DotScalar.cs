namespace ManagedGemma.Kernels.Int4;

/// <summary>Integer dot products of one word of weights with its activations: the reference of all integer kernels.</summary>
internal static unsafe class Int4DotScalar
{
    /// <summary>Σ q_w·q_x over the 8 elements of a word.</summary>
    /// <param name="word">The weights.</param>
    /// <param name="block">The block of a token's values that holds the word.</param>
    /// <param name="index">The word's index in the block, 0 .. 15.</param>
    public static int Int16(uint word, byte* block, int index)
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

    /// <inheritdoc cref="Int16"/>
    public static int Int8(uint word, byte* block, int index)
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
