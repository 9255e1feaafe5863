using System.Numerics.Tensors;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Weights;

/// <summary>Tensors of an LTX checkpoint by name, validated.</summary>
internal sealed class LtxTensors(SafetensorsFile file)
{
    // Per-tensor scales of FP8 weights: Lightricks' and ComfyUI's name, and ComfyUI's older one.
    private static readonly string[] ScaleSuffixes = [".weight_scale", ".scale_weight"];

    /// <summary>The file, for messages.</summary>
    public string Path => file.Path;

    /// <summary>Whether the file holds a tensor.</summary>
    public bool Has(string name) => file.TryGetTensor(name, out _);

    /// <summary>A name that begins so; null when there is none.</summary>
    public string? FirstWithPrefix(string prefix) =>
        file.Tensors.FirstOrDefault(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))?.Name;

    /// <summary>A small tensor, copied to float32: every value is a number.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="shape">What its shape must be.</param>
    public float[] Values(string name, params ReadOnlySpan<long> shape) => Finite(Shaped(name, shape));

    /// <summary>A linear layer's weights, in place.</summary>
    /// <param name="module">The name without <c>.weight</c>.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs; −1: as the tensor says.</param>
    public DenseMatrix Matrix(string module, int rows, int columns)
    {
        TensorView weight = file.Tensor(module + ".weight");
        if (columns < 0)
        {
            columns = weight.Shape is [_, > 0 and <= int.MaxValue and long found]
                ? (int)found
                : throw Bad(weight, "has the wrong shape", $"[{rows},features]", Untrusted.Show(weight.Shape));
        }

        weight = Shaped(weight.Name, [rows, columns]);
        TensorView? scale = ScaleSuffixes.Select(suffix => file.TryGetTensor(module + suffix, out TensorView? it) ? it : null)
            .FirstOrDefault(it => it is not null);
        if (weight.ElementType == ElementType.F8E4M3)
        {
            return new DenseMatrix(weight, scale is null ? null : Scales(scale, rows));
        }

        if (!weight.ElementType.IsWeightFloat())
        {
            throw Bad(weight, "has the wrong type", "BF16, F16, F32 or F8_E4M3", weight.ElementType.ToSafetensorsName());
        }

        return scale is null
            ? new DenseMatrix(weight, null)
            : throw Bad(weight, $"has a scale ({Untrusted.Show(scale.Name)}) that only an F8_E4M3 weight may have", "F8_E4M3", weight.ElementType.ToSafetensorsName());
    }

    private static float[] Scales(TensorView scale, int rows)
    {
        bool fits = scale.ElementCount == 1 || (scale.ElementCount == rows && scale.Shape.Count > 0 && scale.Shape[0] == rows);
        return fits
            ? Finite(scale)
            : throw Bad(scale, "is neither one scale nor one a row", $"[] or [{rows}]", Untrusted.Show(scale.Shape));
    }

    private static float[] Finite(TensorView tensor)
    {
        float[] values = tensor.ToSingles();
        if (!TensorPrimitives.IsFiniteAll<float>(values))
        {
            int at = Array.FindIndex(values, value => !float.IsFinite(value));
            throw Bad(tensor, "holds NaN or infinity", "numbers", $"{values[at]} at element {at}");
        }

        return values;
    }

    private TensorView Shaped(string name, params ReadOnlySpan<long> shape)
    {
        TensorView tensor = file.Tensor(name);
        bool fits = tensor.Shape.Count == shape.Length;
        for (int i = 0; fits && i < shape.Length; i++)
        {
            fits = tensor.Shape[i] == shape[i];
        }

        return fits ? tensor : throw Bad(tensor, "has the wrong shape", Untrusted.Show(shape.ToArray()), Untrusted.Show(tensor.Shape));
    }

    private static GemmaException Bad(TensorView tensor, string problem, string? expected, string? found) =>
        new(problem, tensor.File, Untrusted.Show(tensor.Name), expected, found);
}
