namespace ManagedGemma.Kernels.Int4;

/// <summary>Half group by half group: the largest magnitude as the largest of the bits, then multiply, round, pack.</summary>
internal sealed unsafe class Int8QuantizerVector128 : IActivationQuantizer
{
    private const int RunWords = 4;
    private const int Run = 8 * RunWords;

    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        int* rounded = stackalloc int[Run];
        int* sums = stackalloc int[2];
        int* multiples = stackalloc int[2];
        (float unit, float rowMagnitude) = ActivationScale.UnitOf(ActivationRounding128.Largest(row, target.Groups * Int4Rows.GroupSize));
        for (int group = 0; group < target.Groups; group++)
        {
            int* place = (int*)target.Values(token, group / 2) + (group % 2 * 8);
            for (int half = 0; half < 2; half++, row += Run)
            {
                (multiples[half], float inverse) = ActivationScale.HalfScale(ActivationRounding128.Largest(row, Run), unit, rowMagnitude);
                ActivationRounding128.Round(row, Run, inverse, rounded);
                sums[half] = ActivationRounding128.PackInt8(rounded, place + (half * RunWords));
            }

            target.SetHalves(token, group, multiples[0], sums[0], multiples[1], sums[1]);
        }

        target.SetUnit(token, unit);
    }
}
