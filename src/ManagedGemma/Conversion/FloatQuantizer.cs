using System.Numerics.Tensors;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>
/// MLX's modes of small floats: w ≈ scale · code, where the scale brings the largest weight of the group near the largest code.
/// Each result is rounded to the weights' type, as in MLX, which computes these modes in it.
/// </summary>
internal sealed class FloatQuantizer<TScale, TCode>(QuantizationScheme scheme, ElementType type) : IRowQuantizer
    where TScale : struct, IFloatScale
    where TCode : struct, IFloatCode
{
    public int ScaleBytes => 1;

    public bool HasBiases => false;

    public int Quantize(Span<float> row, Span<byte> words, Span<byte> scales, Span<byte> biases)
    {
        Span<byte> codes = stackalloc byte[scheme.GroupSize];
        int groupBytes = scheme.GroupSize * scheme.Bits / 8;
        for (int i = 0; i * scheme.GroupSize < row.Length; i++)
        {
            Span<float> group = row.Slice(i * scheme.GroupSize, scheme.GroupSize);

            // NaN if there is one.
            float largest = MathF.Abs(TensorPrimitives.MaxMagnitude(group));
            if (!float.IsFinite(largest))
            {
                return i;
            }

            byte code = TScale.Encode(ElementConversion.Round(largest / TCode.Largest, type));
            scales[i] = code;
            float scale = TScale.Decode(code);
            if (scale == 0)
            {
                // Weights too small for any scale: all are zero, as they would be with any code.
                codes.Clear();
            }
            else
            {
                TensorPrimitives.Divide(group, scale, group);
                ElementConversion.Round(group, type);
                for (int j = 0; j < codes.Length; j++)
                {
                    codes[j] = TCode.Encode(group[j]);
                }
            }

            CodePacking.Pack(codes, scheme.Bits, words.Slice(i * groupBytes, groupBytes));
        }

        return -1;
    }
}
