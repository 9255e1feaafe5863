using System.Numerics.Tensors;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>
/// MLX's affine mode: w ≈ scale · q + bias. The bias is the end of the group's range that lies further from zero, and the scale is
/// stretched so that zero is a whole number of steps away from it: a weight of zero stays zero. Everything is computed in float32
/// whatever the weights' type, ties to even; scale and bias are rounded to that type at the end, after the codes have been chosen.
/// A weight is off by at most (max − min) / 2^bits, before that last rounding; a group whose range is below (2^bits − 1) · 10⁻⁷ by
/// at most 10⁻⁷.
/// </summary>
internal sealed class AffineQuantizer(int bits, int groupSize, ElementType type) : IRowQuantizer
{
    private const float LeastStep = 1e-7f;

    public int ScaleBytes { get; } = type.ByteSize();

    public bool HasBiases => true;

    public int Quantize(Span<float> row, Span<byte> words, Span<byte> scales, Span<byte> biases)
    {
        Span<byte> codes = stackalloc byte[groupSize];
        int groupBytes = groupSize * bits / 8;
        float last = (1 << bits) - 1;
        for (int i = 0; i * groupSize < row.Length; i++)
        {
            Span<float> group = row.Slice(i * groupSize, groupSize);
            float least = TensorPrimitives.Min(group), most = TensorPrimitives.Max(group);

            // NaN where a weight is, infinite where a weight or the range is.
            if (!float.IsFinite(most - least))
            {
                return i;
            }

            bool isLeastFurther = MathF.Abs(least) > MathF.Abs(most);
            float step = MathF.Max((most - least) / last, LeastStep);
            float scale = isLeastFurther ? step : -step;
            float edge = isLeastFurther ? least : most;
            float stepsToZero = MathF.Round(edge / scale, MidpointRounding.ToEven);
            float bias = 0;
            if (stepsToZero != 0)
            {
                scale = edge / stepsToZero;
                bias = edge;
            }

            TensorPrimitives.Subtract(group, bias, group);
            TensorPrimitives.Divide(group, scale, group);
            TensorPrimitives.Round(group, MidpointRounding.ToEven, group);
            TensorPrimitives.Clamp(group, 0, last, group);
            for (int j = 0; j < codes.Length; j++)
            {
                codes[j] = (byte)(int)group[j];
            }

            CodePacking.Pack(codes, bits, words.Slice(i * groupBytes, groupBytes));
            ElementConversion.FromSingles([scale], type, scales.Slice(i * ScaleBytes, ScaleBytes));
            ElementConversion.FromSingles([bias], type, biases.Slice(i * ScaleBytes, ScaleBytes));
        }

        return -1;
    }
}
