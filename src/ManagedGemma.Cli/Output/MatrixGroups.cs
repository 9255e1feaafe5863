using ManagedGemma.Checkpoints;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Output;

/// <summary>A model's matrices, those of one purpose together that are stored alike.</summary>
internal static class MatrixGroups
{
    /// <summary>In the order of <see cref="CheckpointPart"/>, the most weights first.</summary>
    public static IEnumerable<InspectMatrices> Of(GemmaModel model) =>
        from use in model.Matrices
        group use.Matrix by (
            Part: CheckpointSummary.PartOf(model.Checkpoint.ModuleOf(use.Matrix.Weight)),
            use.Matrix.Scheme,
            use.Matrix.BlockType,
            (use.Matrix.Scales ?? use.Matrix.Weight).ElementType,
            use.Product) into alike
        let parameters = alike.Sum(matrix => matrix.Rows * matrix.Columns)
        orderby alike.Key.Part, parameters descending
        select new InspectMatrices(
            alike.Key.Part.Name(),
            alike.Key.Scheme is { } scheme ? scheme.Mode.ToString().ToLowerInvariant() : alike.Key.BlockType is null ? "dense" : "gguf",
            alike.Key.BlockType is null ? alike.Key.Scheme?.Bits ?? (8 * alike.Key.ElementType.ByteSize()) : null,
            alike.Key.Scheme?.GroupSize,
            alike.Key.BlockType?.ToString() ?? alike.Key.ElementType.ToSafetensorsName(),
            alike.Count(),
            parameters,
            alike.Sum(matrix => matrix.ByteLength),
            alike.Key.Product.ToString().ToLowerInvariant());
}
