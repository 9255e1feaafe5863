namespace ManagedGemma.Checkpoints;

/// <summary>Puts a module's tensors together and validates them against each other.</summary>
internal static class WeightMatrixReader
{
    /// <summary>Reads a module.</summary>
    /// <param name="find">Gives a tensor by its name in the file, or null.</param>
    /// <param name="quantization">The config's; null when it has none.</param>
    /// <param name="weight">The module's weight.</param>
    /// <param name="path">The module's path in the file.</param>
    /// <param name="rows">Outputs; -1 means as the tensor says.</param>
    /// <param name="columns">Inputs.</param>
    public static WeightMatrix Read(
        Func<string, TensorView?> find, QuantizationConfig? quantization, TensorView weight, string path, long rows, long columns)
    {
        if (weight.Shape.Count != 2 || weight.Shape[0] < 1)
        {
            throw Bad(weight, "has the wrong shape", Shape(rows, "columns"), Untrusted.Show(weight.Shape));
        }

        long height = rows < 0 ? weight.Shape[0] : rows;
        TensorView? scales = find(path + ".scales");
        return scales is null
            ? Dense(weight, path, height, columns)
            : Quantised(find, Scheme(quantization, path, scales), weight, scales, path, height, columns);
    }

    private static WeightMatrix Dense(TensorView weight, string path, long rows, long columns)
    {
        if (!weight.ElementType.IsWeightFloat())
        {
            throw Bad(weight, $"has the wrong type for a module without {path}.scales", "BF16, F16 or F32", weight.ElementType.ToSafetensorsName());
        }

        ExpectShape(weight, "has the wrong shape", rows, columns);
        return new WeightMatrix(path, rows, columns, null, weight);
    }

    private static QuantizationScheme Scheme(QuantizationConfig? quantization, string path, TensorView scales)
    {
        if (quantization is null)
        {
            throw Bad(scales, "the checkpoint is quantised but config.json does not say how", "a key quantization with bits and group_size");
        }

        return quantization.For(path) ?? throw Bad(scales, "the module has scales but config.json says that it is dense");
    }

    private static WeightMatrix Quantised(
        Func<string, TensorView?> find, QuantizationScheme scheme, TensorView weight, TensorView scales, string path, long rows, long columns)
    {
        if (weight.ElementType != ElementType.U32)
        {
            throw Bad(weight, $"weight of {path}, which has scales, must be U32", "U32", weight.ElementType.ToSafetensorsName());
        }

        if (columns % scheme.GroupSize != 0)
        {
            throw Bad(weight, $"{columns} columns do not divide into groups of {scheme.GroupSize}", $"{scheme}");
        }

        // A group is whole words in every scheme (the smallest: 16 of 4 bits), so a row is.
        ExpectShape(weight, $"weight of {path} does not match {scheme.Bits} bits", rows, columns * scheme.Bits / 32);
        ExpectShape(scales, $"scales of {path} do not match its weight, bits and group size", rows, columns / scheme.GroupSize);
        TensorView? biases = find(path + ".biases");
        if (scheme.Mode != QuantizationMode.Affine)
        {
            if (scales.ElementType != ElementType.U8)
            {
                throw Bad(scales, $"scales in mode {QuantizationScheme.NameOf(scheme.Mode)} must be bytes", "U8", scales.ElementType.ToSafetensorsName());
            }

            return biases is null
                ? new WeightMatrix(path, rows, columns, scheme, weight, scales)
                : throw Bad(biases, $"mode {QuantizationScheme.NameOf(scheme.Mode)} has no biases");
        }

        if (!scales.ElementType.IsWeightFloat())
        {
            throw Bad(scales, "scales have the wrong type", "BF16, F16 or F32", scales.ElementType.ToSafetensorsName());
        }

        if (biases is null)
        {
            throw new GemmaException("missing tensor", scales.File, path + ".biases");
        }

        ExpectShape(biases, $"biases of {path} do not match its scales", rows, columns / scheme.GroupSize);
        if (biases.ElementType != scales.ElementType)
        {
            throw Bad(
                biases, $"biases of {path} do not match its scales", scales.ElementType.ToSafetensorsName(), biases.ElementType.ToSafetensorsName());
        }

        return new WeightMatrix(path, rows, columns, scheme, weight, scales, biases);
    }

    private static void ExpectShape(TensorView tensor, string problem, long rows, long columns)
    {
        if (tensor.Shape.Count != 2 || tensor.Shape[0] != rows || tensor.Shape[1] != columns)
        {
            throw Bad(tensor, problem, Shape(rows, $"{columns}"), Untrusted.Show(tensor.Shape));
        }
    }

    private static string Shape(long rows, string columns) => rows < 0 ? $"[rows,{columns}]" : $"[{rows},{columns}]";

    private static GemmaException Bad(TensorView tensor, string problem, string? expected = null, string? found = null) =>
        new(problem, tensor.File, Untrusted.Show(tensor.Name), expected, found);
}
