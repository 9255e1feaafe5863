namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>MLX's mxfp4: E2M1 nibbles, lowest first, times 2^(byte − 127) with one byte a group of 32.</summary>
internal sealed unsafe class MxFp4RowUnpack : IRowUnpack
{
    private const int GroupSize = 32;

    private static ReadOnlySpan<float> Values => [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    public void Unpack(in PackedRow row, int first, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            int nibble = (row.Values[(first + i) / 2] >> (4 * (i & 1))) & 15;
            destination[i] = MathF.ScaleB(Values[nibble], row.Scales[(first + i) / GroupSize] - 127);
        }
    }
}
