namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference for 8-bit activations.</summary>
internal sealed unsafe class Int8QuantizerScalar : IActivationQuantizer
{
    private const int Half = Int4Rows.GroupSize / 2;

    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        int* sums = stackalloc int[2];
        int* multiples = stackalloc int[2];
        (float unit, float rowMagnitude) = ActivationScale.UnitOf(Largest(row, target.Groups * Int4Rows.GroupSize));
        for (int group = 0; group < target.Groups; group++, row += Int4Rows.GroupSize)
        {
            int* values = (int*)target.Values(token, group / 2) + (group % 2 * 8);
            for (int half = 0; half < 2; half++)
            {
                (multiples[half], float inverse) = ActivationScale.HalfScale(Largest(row + (Half * half), Half), unit, rowMagnitude);
                sums[half] = 0;
                for (int word = 4 * half; word < (4 * half) + 4; word++)
                {
                    int even = 0, odd = 0;
                    for (int i = 0; i < 4; i++)
                    {
                        int first = ActivationScale.Round(row[(8 * word) + (2 * i)], inverse);
                        int second = ActivationScale.Round(row[(8 * word) + (2 * i) + 1], inverse);
                        even |= (first & 0xFF) << (8 * i);
                        odd |= (second & 0xFF) << (8 * i);
                        sums[half] += first + second;
                    }

                    values[word] = even;
                    values[16 + word] = odd;
                }
            }

            target.SetHalves(token, group, multiples[0], sums[0], multiples[1], sums[1]);
        }

        target.SetUnit(token, unit);
    }

    private static int Largest(float* values, int count)
    {
        int magnitude = 0;
        for (int i = 0; i < count; i++)
        {
            magnitude = Math.Max(magnitude, BitConverter.SingleToInt32Bits(values[i]) & int.MaxValue);
        }

        return magnitude;
    }
}
