namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference of the row kernel with 8-bit activations.</summary>
internal sealed unsafe class Int4RowInt8Scalar : IInt4Row
{
    private const int Lanes = 16;

    public void Multiply(in Int4Rows rows, QuantizedActivations x, float* y, nint yStride)
    {
        float* products = stackalloc float[Lanes];
        float* offsets = stackalloc float[Lanes];
        for (int row = 0; row < rows.Count; row++)
        {
            Int4Rows single = rows.Slice(row, 1);
            for (int token = 0; token < x.Tokens; token++)
            {
                float* scales = x.WordScales(token);
                float* sums = x.WordSums(token);
                new Span<float>(products, Lanes).Clear();
                new Span<float>(offsets, Lanes).Clear();
                for (int index = 0; index < rows.Groups * Int4Rows.GroupWords; index++)
                {
                    int lane = index % Lanes;
                    float scale = Int4Rows.Widen(single.Scales[index / Int4Rows.GroupWords]);
                    float bias = Int4Rows.Widen(single.Biases[index / Int4Rows.GroupWords]);
                    int dot = Int4DotScalar.Int8(single.Words[index], x.Values(token, index / Lanes), lane);
                    products[lane] = MathF.FusedMultiplyAdd(dot * scales[index], scale, products[lane]);
                    offsets[lane] = MathF.FusedMultiplyAdd(sums[index], bias, offsets[lane]);
                }

                for (int lane = 0; lane < Lanes; lane++)
                {
                    products[lane] += offsets[lane];
                }

                for (int half = Lanes / 2; half > 0; half /= 2)
                {
                    for (int lane = 0; lane < half; lane++)
                    {
                        products[lane] += products[lane + half];
                    }
                }

                y[(token * yStride) + row] = products[0];
            }
        }
    }
}
