namespace ManagedGemma.Kernels.Int4;

/// <summary>Group by group: the largest magnitude as the largest of the bits, then multiply, round, pack.</summary>
internal sealed unsafe class Int16QuantizerVector128 : IActivationQuantizer
{
    private const int Run = Int4Rows.GroupSize;

    public void Quantize(float* row, QuantizedActivations target, int token)
    {
        int* rounded = stackalloc int[Run];
        for (int group = 0; group < target.Groups; group++, row += Run)
        {
            (float scale, float inverse) = ActivationScale.For(ActivationRounding128.Largest(row, Run), ActivationScale.Int16Levels);
            ActivationRounding128.Round(row, Run, inverse, rounded);
            int* place = (int*)target.Values(token, group / 2) + (group % 2 * 8);
            int sum = ActivationRounding128.PackInt16(rounded, place) + ActivationRounding128.PackInt16(rounded + 32, place + 4);
            target.SetGroup(token, group, scale, sum);
        }
    }
}
