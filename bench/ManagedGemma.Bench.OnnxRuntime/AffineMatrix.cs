using ManagedGemma.Checkpoints;

namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>
/// A random 4-bit matrix that both sides hold exactly: w = scale · (q − zero), groups of 64 along the columns. Ours: MLX's words, bf16
/// scales, bf16 biases −scale · zero. Theirs: the same nibbles in the same order as bytes, float scales, zero points in nibbles. Scales have
/// four significant bits, so that scale · zero has eight, which is what a bf16 holds.
/// </summary>
internal sealed class AffineMatrix
{
    /// <summary>Weights that share a scale.</summary>
    public const int Group = 64;

    /// <summary>Makes a matrix.</summary>
    public AffineMatrix(int seed, int rows, int columns)
    {
        Random random = new(seed);
        Rows = rows;
        Columns = columns;
        Nibbles = new byte[rows * (long)columns / 2];
        random.NextBytes(Nibbles);
        int groups = columns / Group;
        Scales = new float[rows * groups];
        Zeros = new byte[rows * groups];
        for (int i = 0; i < Scales.Length; i++)
        {
            Scales[i] = random.Next(8, 16) / 16f / 64;
            Zeros[i] = (byte)random.Next(16);
        }
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>[rows, columns / 2]: two weights a byte, the first one low.</summary>
    public byte[] Nibbles { get; }

    /// <summary>[rows, columns / 64].</summary>
    public float[] Scales { get; }

    /// <summary>[rows, columns / 64], 0 to 15.</summary>
    public byte[] Zeros { get; }

    /// <summary>Zero points as ONNX wants them: two a byte, the first one low. A row has an even number of groups.</summary>
    public byte[] PackedZeros => [.. Zeros.Chunk(2).Select(x => (byte)(x[0] | (x[1] << 4)))];

    /// <summary>A weight.</summary>
    public double this[int row, int column]
    {
        get
        {
            int nibble = (Nibbles[(((long)row * Columns) + column) / 2] >> (4 * (column & 1))) & 15;
            int group = (row * (Columns / Group)) + (column / Group);
            return (double)Scales[group] * (nibble - Zeros[group]);
        }
    }

    /// <summary>The matrix as a checkpoint would hold it, in memory of its own.</summary>
    public unsafe WeightMatrix ToMlx(out TensorMemory memory)
    {
        int groups = Scales.Length;
        memory = new TensorMemory(Nibbles.LongLength + (groups * 2L * sizeof(ushort)), "random weights");
        Nibbles.CopyTo(new Span<byte>(memory.Pointer, Nibbles.Length));
        ushort* scales = (ushort*)(memory.Pointer + Nibbles.Length);
        for (int i = 0; i < groups; i++)
        {
            scales[i] = Exactly(Scales[i]);
            scales[groups + i] = Exactly(-Scales[i] * Zeros[i]);
        }

        return new WeightMatrix(
            "random",
            Rows,
            Columns,
            new QuantizationScheme(QuantizationMode.Affine, 4, Group),
            new TensorView("weight", ElementType.U32, [Rows, Columns / 8], memory, 0, Nibbles.Length),
            new TensorView("scales", ElementType.BF16, [Rows, Columns / Group], memory, Nibbles.Length, groups * 2L),
            new TensorView("biases", ElementType.BF16, [Rows, Columns / Group], memory, Nibbles.Length + (groups * 2L), groups * 2L));
    }

    private static ushort Exactly(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0xFFFF) == 0 ? (ushort)(bits >> 16) : throw new InvalidOperationException($"{value} is no bf16.");
    }
}
