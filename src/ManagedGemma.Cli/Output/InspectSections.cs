using System.Globalization;
using ManagedGemma.Cli.Terminal;

namespace ManagedGemma.Cli.Output;

/// <summary>An <see cref="InspectReport"/> for people.</summary>
internal static class InspectSections
{
    private const int MostListed = 8;

    /// <summary>The tables, in order.</summary>
    public static IEnumerable<Section> Of(InspectReport report)
    {
        yield return Model(report);
        yield return new Section(
            "Weights",
            ["part", ">tensors", ">parameters", ">size"],
            [.. report.Parts.Select(x => (IReadOnlyList<string>)[x.Part, Amount.Count(x.Tensors), Amount.Count(x.Parameters), Amount.Bytes(x.Bytes)])]);
        if (report.Engine is { } engine)
        {
            yield return Section.Of("Engine", ("instruction set", engine.InstructionSet), ("threads", Amount.Count(engine.Threads)));
            yield return new Section(
                "Matrices",
                ["part", "stored as", ">matrices", ">bits a weight", ">size", "multiplied"],
                [.. engine.Matrices.Select(Matrices)]);
            yield return new Section(
                "Kernels",
                ["operation", "kernel", "for"],
                [.. engine.Kernels.Select(x => (IReadOnlyList<string>)[x.Operation, x.Kernel, x.InstructionSet])]);
        }

        if (report.Tensors is { } tensors)
        {
            yield return new Section(
                "Tensors",
                ["name", "type", "shape", ">bytes"],
                [.. tensors.Select(x => (IReadOnlyList<string>)[x.Name, x.Type, Shape(x.Shape), Amount.Count(x.Bytes)])]);
        }
    }

    private static IReadOnlyList<string> Matrices(InspectMatrices x) =>
    [
        x.Part,
        x.GroupSize is { } group ? Text($"{x.Bits} bit {x.Mode}, group {group}, {x.Type} scales") : x.Bits is null ? $"GGUF {x.Type}" : $"{x.Type}, not quantised",
        Amount.Count(x.Count),
        ((double)x.Bytes * 8 / x.Parameters).ToString("0.##", CultureInfo.InvariantCulture),
        Amount.Bytes(x.Bytes),
        x.Product == "int4" ? "in integers: int4 panel and row kernels" : "unpacked to float32",
    ];

    private static Section Model(InspectReport report)
    {
        InspectConfig config = report.Config;
        List<(string, string)> facts =
        [
            ("model", $"{report.Model} ({report.ModelOrigin})"),
            ("location", report.Location),
        ];
        facts.AddRange(report.Files.Select(x => ("weights", report.IsDemo ? "made in memory" : $"{Path.GetFileName(x.Path)}, {Amount.Bytes(x.Bytes)}")));
        facts.AddRange(
        [
            ("tokenizer", report.Tokenizer is null ? report.IsDemo ? "bytes" : "none" : Path.GetFileName(report.Tokenizer)),
            ("config", $"from {report.ConfigOrigin}"),
            ("type", config.ModelType),
            ("parameters", Amount.Count(report.Parameters)),
            ("layers", Text($"{config.Layers} of width {config.HiddenSize}, {config.IntermediateSize} inside the feed-forward")),
            ("vocabulary", report.Engine is null ? "unknown" : Amount.Count(report.Engine.VocabularySize)),
            ("heads", Text($"{config.Heads} for queries, {config.KeyValueHeads} for keys and values, {config.HeadDim} wide")),
            ("attention", Attention(config)),
            ("RoPE, full", Text($"theta {config.RopeThetaFull}, positions divided by {config.RopeFactorFull}")),
            ("RoPE, sliding", Text($"theta {config.RopeThetaSliding}, positions divided by {config.RopeFactorSliding}")),
            ("context", config.MaxPositions is { } positions ? Amount.Count(positions) : "not in the config"),
            ("features", Text($"{(long)config.HiddenSize * (config.Layers + 1)} wide")),
            ("quantisation", Quantisation(report.Quantization)),
        ]);
        if (report.Quantization.DenseModules.Count > 0)
        {
            facts.Add(("dense", List(report.Quantization.DenseModules)));
        }

        return Section.Of("Model", facts);
    }

    private static string Attention(InspectConfig config)
    {
        int full = config.FullAttentionLayers.Count;
        string which = full == 0 ? string.Empty : $" (layers {List([.. config.FullAttentionLayers.Select(x => Text($"{x + 1}"))])})";
        return Text($"{config.Layers - full} sliding over {config.SlidingWindow} tokens, {full} full{which}");
    }

    private static string Quantisation(InspectQuantization quantization) => quantization.Schemes.Count == 0
        ? "none"
        : string.Join("; ", quantization.Schemes)
            + (quantization.ScaleTypes.Count > 0 ? $"; {string.Join(", ", quantization.ScaleTypes)} scales" : string.Empty);

    private static string List(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostListed)) + (names.Count > MostListed ? Text($" and {names.Count - MostListed} more") : string.Empty);

    private static string Shape(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape.Select(x => Text($"{x}")))}]";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
