namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference of the panel kernel with 16-bit activations, row by row without a panel.</summary>
internal sealed unsafe class Int4PanelInt16Scalar : IInt4Panel
{
    public int PanelRows => 32;

    public nuint ScratchBytes(int groups, int tokens) => 0;

    public void Multiply(in Int4Rows rows, QuantizedActivations x, TokenRange tokens, byte* scratch, float* y, nint yStride)
    {
        for (int token = tokens.First; token < tokens.First + tokens.Count; token++)
        {
            for (int row = 0; row < rows.Count; row++)
            {
                Int4Rows single = rows.Slice(row, 1);
                float sum = 0;
                for (int group = 0; group < rows.Groups; group++)
                {
                    float scale = Int4Rows.Widen(single.Scales[group]);
                    int dot = 0;
                    for (int index = group * Int4Rows.GroupWords; index < (group + 1) * Int4Rows.GroupWords; index++)
                    {
                        dot += Int4DotScalar.Int16(single.Words[index], x.Values(token, group / 2), index % 16);
                    }

                    sum = MathF.FusedMultiplyAdd(dot * x.GroupScales(group)[token], scale, sum);
                    sum = MathF.FusedMultiplyAdd(x.GroupSums(group)[token], Int4Rows.Widen(single.Biases[group]), sum);
                }

                y[((token - tokens.First) * yStride) + row] = sum;
            }
        }
    }
}
