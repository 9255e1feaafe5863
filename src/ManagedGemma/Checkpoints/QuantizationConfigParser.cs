using System.Text.Json;

namespace ManagedGemma.Checkpoints;

/// <summary>Reads <c>quantization</c> (or <c>quantization_config</c>) of a config.json.</summary>
internal static class QuantizationConfigParser
{
    /// <summary>Null when the object holds neither key.</summary>
    public static QuantizationConfig? Read(ConfigReader config)
    {
        if ((config.Object("quantization") ?? config.Object("quantization_config")) is not { } quantization)
        {
            return null;
        }

        // Other libraries' schemes (bitsandbytes, gptq, ...) use the same key and say so under quant_method.
        if (quantization.Text("quant_method") is { } method && !quantization.TryGet("group_size", out _))
        {
            throw quantization.Bad("quant_method", $"quantization by {Untrusted.Show(method)} is not supported", "MLX's bits, group_size and mode");
        }

        QuantizationScheme scheme = Scheme(quantization);
        Dictionary<string, QuantizationScheme?> overrides = new(StringComparer.Ordinal);
        foreach ((string key, JsonElement value) in quantization.Own)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.True:
                    overrides[key] = scheme;
                    break;
                case JsonValueKind.False:
                    overrides[key] = null;
                    break;
                case JsonValueKind.Object:
                    overrides[key] = Scheme(quantization.Object(key)!.Value);
                    break;
                default:
                    break;
            }
        }

        return new QuantizationConfig(scheme, overrides);
    }

    /// <summary>Bits, group size and mode of one object; what it leaves out is the mode's default, also in an override.</summary>
    private static QuantizationScheme Scheme(ConfigReader config)
    {
        string name = config.Text("mode") ?? "affine";
        QuantizationMode mode = QuantizationScheme.ModeNamed(name)
            ?? throw config.Bad("mode", $"unknown quantization mode {Untrusted.Show(name)}", "affine, mxfp4, mxfp8 or nvfp4", Untrusted.Show(name));
        QuantizationScheme usual = QuantizationScheme.Default(mode);
        QuantizationScheme scheme = new(mode, config.Size("bits", usual.Bits, 64), config.Size("group_size", usual.GroupSize, 1 << 20));
        if (mode != QuantizationMode.Affine)
        {
            return scheme == usual ? scheme : throw config.Bad("mode", $"{name} has one bit width and group size", $"{usual}", $"{scheme}");
        }

        if (scheme.Bits is not (2 or 3 or 4 or 5 or 6 or 8))
        {
            throw config.Bad("bits", $"{scheme.Bits} bits is not supported", "2, 3, 4, 5, 6 or 8", $"{scheme.Bits}");
        }

        return scheme.GroupSize is 32 or 64 or 128
            ? scheme
            : throw config.Bad("group_size", $"a group of {scheme.GroupSize} is not supported", "32, 64 or 128", $"{scheme.GroupSize}");
    }
}
