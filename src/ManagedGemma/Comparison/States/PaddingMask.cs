using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;
using ManagedGemma.Comparison.Statistics;

namespace ManagedGemma.Comparison.States;

/// <summary>Which rows the attention masks of two files call padding.</summary>
internal static class PaddingMask
{
    private const int LongestMask = 1 << 24;

    private static readonly string[] Names = ["attention_mask", "prompt_attention_mask"];

    /// <summary>The rows that every mask there is calls padding.</summary>
    /// <exception cref="GemmaException">Neither side has a mask, their lengths differ, or one is impossibly long.</exception>
    public static bool[] Read(INamedTensors a, INamedTensors b)
    {
        bool[]? padding = null;
        foreach (INamedTensors set in new[] { a, b })
        {
            if (set.Tensors.FirstOrDefault(x => Names.Contains(x.Name) && x.ElementType.IsIntegral()) is not { } mask)
            {
                continue;
            }

            bool[] rows = Read(mask);
            if (padding is not null && padding.Length != rows.Length)
            {
                throw new GemmaException("the attention masks have different lengths", mask.File, mask.Name, $"{padding.Length}", $"{rows.Length}");
            }

            padding = padding is null ? rows : [.. padding.Zip(rows, (x, y) => x && y)];
        }

        return padding ?? throw new GemmaException("no attention mask on either side tells which rows are padding", a.Path, expected: string.Join(" or ", Names));
    }

    private static bool[] Read(NamedTensor mask)
    {
        int size = mask.ElementType.ByteSize();
        if (mask.ByteLength / size > LongestMask)
        {
            throw new GemmaException("the attention mask is too long", mask.File, mask.Name, $"at most {LongestMask} elements", $"{mask.ByteLength / size}");
        }

        byte[] bytes = new byte[mask.ByteLength];
        mask.Read(0, bytes);
        return [.. Enumerable.Range(0, bytes.Length / size).Select(i => ElementWidening.ToInteger(bytes.AsSpan(i * size), mask.ElementType) == 0)];
    }
}
