namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference for 8-bit activations.</summary>
internal sealed unsafe class Int8QuantizerScalar : IActivationQuantizer
{
    private const int Half = Int4Rows.GroupSize / 2;

    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        int* sums = stackalloc int[Int4Rows.GroupWords];
        float* scales = stackalloc float[2];
        for (int group = 0; group < target.Groups; group++, row += Int4Rows.GroupSize)
        {
            int* values = (int*)target.Values(token) + (group / 2 * 32) + (group % 2 * 8);
            for (int half = 0; half < 2; half++)
            {
                int magnitude = 0;
                for (int k = 0; k < Half; k++)
                {
                    magnitude = Math.Max(magnitude, BitConverter.SingleToInt32Bits(row[(Half * half) + k]) & int.MaxValue);
                }

                (scales[half], float inverse) = ActivationScale.For(magnitude, ActivationScale.Int8Levels);
                for (int word = 4 * half; word < (4 * half) + 4; word++)
                {
                    int even = 0, odd = 0;
                    sums[word] = 0;
                    for (int i = 0; i < 4; i++)
                    {
                        int first = ActivationScale.Round(row[(8 * word) + (2 * i)], inverse);
                        int second = ActivationScale.Round(row[(8 * word) + (2 * i) + 1], inverse);
                        even |= (first & 0xFF) << (8 * i);
                        odd |= (second & 0xFF) << (8 * i);
                        sums[word] += first + second;
                    }

                    values[word] = even;
                    values[16 + word] = odd;
                }

                target.SetScale(token, (group * Int4Rows.GroupWords) + (4 * half), 4, scales[half]);
            }

            target.SetSums(token, group, scales[0], scales[1], sums);
        }
    }
}
