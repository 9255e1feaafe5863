using ManagedGemma.Caching;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Caching;

/// <summary>Rows as tensors of a cache's entry: float32, [count, width].</summary>
internal static class CachedRows
{
    /// <summary>The tensors of an entry.</summary>
    public static CachedTensor[] ToTensors(IReadOnlyList<EmbeddingRows> rows) =>
        [.. rows.Select(tensor => CachedTensor.Of(ElementType.F32, tensor.Values, tensor.Count, tensor.Width))];

    /// <summary>The rows of an entry; null when it holds something else.</summary>
    public static IReadOnlyList<EmbeddingRows>? Of(IReadOnlyList<CachedTensor> tensors)
    {
        EmbeddingRows[] rows = new EmbeddingRows[tensors.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            if (tensors[i] is not { ElementType: ElementType.F32, Shape: [<= int.MaxValue and var count, > 0 and <= int.MaxValue and var width] } tensor)
            {
                return null;
            }

            rows[i] = new EmbeddingRows((int)count, (int)width, tensor.ToArray<float>());
        }

        return rows;
    }
}
