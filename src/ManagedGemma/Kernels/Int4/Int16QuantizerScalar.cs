namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference for 16-bit activations.</summary>
internal sealed unsafe class Int16QuantizerScalar : IActivationQuantizer
{
    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        for (int group = 0; group < target.Groups; group++, row += Int4Rows.GroupSize)
        {
            int magnitude = 0;
            for (int k = 0; k < Int4Rows.GroupSize; k++)
            {
                magnitude = Math.Max(magnitude, BitConverter.SingleToInt32Bits(row[k]) & int.MaxValue);
            }

            (float scale, float inverse) = ActivationScale.For(magnitude, ActivationScale.Int16Levels);
            int* values = (int*)target.Values(token, group / 2) + (group % 2 * 8);
            int sum = 0;
            for (int word = 0; word < Int4Rows.GroupWords; word++)
            {
                for (int i = 0; i < 4; i++)
                {
                    int low = ActivationScale.Round(row[(8 * word) + i], inverse);
                    int high = ActivationScale.Round(row[(8 * word) + i + 4], inverse);
                    values[(16 * i) + word] = (low & 0xFFFF) | (high << 16);
                    sum += low + high;
                }
            }

            target.SetGroup(token, group, scale, sum);
        }
    }
}
