using ManagedGemma.Checkpoints;

namespace ManagedGemma.Fuzz;

/// <summary>A config.json. What loads must be in the ranges that the engine relies on.</summary>
internal sealed class ConfigTarget : IFuzzTarget
{
    public string Name => "config";

    public void Run(ReadOnlySpan<byte> input)
    {
        GemmaConfig config;
        try
        {
            config = GemmaConfig.Parse(input, Name);
        }
        catch (GemmaException)
        {
            return;
        }

        CheckRanges(config);
    }

    /// <summary>What the engine relies on, whatever file the config is from.</summary>
    public static void CheckRanges(GemmaConfig config)
    {
        Invariant.Holds(config.HiddenSize > 0 && config.IntermediateSize > 0 && config.SlidingWindow > 0, "sizes are positive");
        Invariant.Holds(config.LayerCount > 0 && config.FullAttention.Count == config.LayerCount, "there is an attention kind a layer");
        Invariant.Holds(config.HeadDim > 0 && config.HeadDim % 2 == 0, "head_dim is even");
        Invariant.Holds(config.KeyValueHeadCount > 0 && config.HeadCount % config.KeyValueHeadCount == 0, "kv heads divide the heads");
        double[] numbers =
        [
            config.RmsNormEps, config.QueryPreAttnScalar, config.RopeThetaFull, config.RopeThetaSliding, config.RopeFactorFull, config.RopeFactorSliding,
        ];
        Invariant.Holds(Array.TrueForAll(numbers, x => double.IsFinite(x) && x > 0), "numbers are positive and finite");
        Invariant.Holds(config.EosTokenIds.Count > 0 && config.EosTokenIds.All(x => x >= 0), "there is an end token");
        if (config.Quantization is { } quantization)
        {
            foreach (QuantizationScheme? scheme in quantization.Overrides.Values.Append(quantization.For("a")))
            {
                Invariant.Holds(scheme is null or { Bits: >= 2 and <= 8, GroupSize: >= 16 and <= 128 }, "schemes are known ones");
            }
        }
    }
}
