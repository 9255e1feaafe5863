using ManagedGemma.Kernels.Int4;

namespace ManagedGemma.Tests.Support;

/// <summary>A random matrix in MLX's affine 4-bit layout, at an odd address; who reads more than a few bytes behind its last ends the process.</summary>
internal sealed unsafe class Int4Matrix : IDisposable
{
    private readonly GuardedMemory _words;
    private readonly GuardedMemory _scales;
    private readonly GuardedMemory _biases;

    public Int4Matrix(int seed, int rows, int groups, int misalignment = 1)
    {
        Random random = new(seed);
        _words = new GuardedMemory(new byte[(rows * groups * 32) + misalignment]);
        _scales = new GuardedMemory(new byte[(rows * groups * 2) + misalignment]);
        _biases = new GuardedMemory(new byte[(rows * groups * 2) + misalignment]);
        Rows = new Int4Rows(
            (uint*)_words.Pointer, (ushort*)_scales.Pointer, (ushort*)_biases.Pointer, rows, groups);
        random.NextBytes(new Span<byte>(Rows.Words, rows * groups * 32));
        for (int i = 0; i < rows * groups; i++)
        {
            // 1e26: the largest that no sum of 33 groups overflows with, each below 2³¹ units times the scale (Int8 sums in units).
            float scale = random.Next(12) switch { 0 => 0, 1 => 1e26f, 2 => 1e-40f, 3 => -0.01f, _ => 0.01f + (0.01f * random.NextSingle()) };
            Rows.Scales[i] = (ushort)(BitConverter.SingleToInt32Bits(scale) >> 16);
            Rows.Biases[i] = (ushort)(BitConverter.SingleToInt32Bits(scale * -7.5f) >> 16);
        }
    }

    public Int4Rows Rows { get; }

    /// <summary>A weight in double, straight from the definition.</summary>
    public double this[int row, int column]
    {
        get
        {
            int group = (row * Rows.Groups) + (column / 64);
            uint word = Rows.Words[(row * Rows.Groups * 8) + (column / 8)];
            return ((double)Int4Rows.Widen(Rows.Scales[group]) * ((word >> (4 * (column % 8))) & 15)) + Int4Rows.Widen(Rows.Biases[group]);
        }
    }

    public void Dispose()
    {
        _words.Dispose();
        _scales.Dispose();
        _biases.Dispose();
    }
}
