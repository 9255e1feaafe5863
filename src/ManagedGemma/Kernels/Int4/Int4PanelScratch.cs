using System.Runtime.InteropServices;

namespace ManagedGemma.Kernels.Int4;

/// <summary>What a panel kernel keeps in a worker's scratch: one chunk of a transposed panel, and the panel's sums for all tokens.</summary>
internal readonly unsafe struct Int4PanelScratch
{
    /// <summary>Groups of a chunk: 64 KiB of words at 32 rows, which stay in the second-level cache while all tokens pass.</summary>
    public const int ChunkGroups = 64;

    private const int HalfTokens = 8;

    private readonly int _rows;

    /// <summary>Divides scratch of <see cref="Bytes"/> bytes and clears the sums.</summary>
    public Int4PanelScratch(byte* scratch, int groups, int paddedTokens, int rows)
    {
        _rows = rows;
        groups = Math.Min(groups, ChunkGroups);
        Words = (uint*)scratch;
        Scales = (float*)(Words + ((nint)groups * Int4Rows.GroupWords * rows));
        Biases = Scales + ((nint)groups * rows);
        Halves = (int*)(Biases + ((nint)groups * rows));
        Sums = (float*)(Halves + (HalfTokens * rows));
        NativeMemory.Clear(Sums, (nuint)paddedTokens * (nuint)rows * sizeof(float));
    }

    /// <summary>[groups·8][rows] words.</summary>
    public uint* Words { get; }

    /// <summary>[groups][rows].</summary>
    public float* Scales { get; }

    /// <summary>[groups][rows].</summary>
    public float* Biases { get; }

    /// <summary>[8][rows]: a tile's integer sums of the first half of a group.</summary>
    public int* Halves { get; }

    /// <summary>[padded tokens][rows].</summary>
    public float* Sums { get; }

    /// <summary>Bytes for a panel.</summary>
    public static nuint Bytes(int groups, int paddedTokens, int rows)
    {
        nuint chunk = (nuint)Math.Min(groups, ChunkGroups) * (Int4Rows.GroupWords + 2);
        return (nuint)rows * sizeof(float) * (chunk + HalfTokens + (nuint)paddedTokens);
    }

    /// <summary>Divides a worker's scratch among the panels of some rows.</summary>
    public static Span<Int4PanelScratch> Divide(Span<Int4PanelScratch> panels, byte* scratch, in Int4Rows rows, int paddedTokens, int panelRows)
    {
        panels = panels[..((rows.Count + panelRows - 1) / panelRows)];
        for (int i = 0; i < panels.Length; i++)
        {
            panels[i] = new Int4PanelScratch(scratch, rows.Groups, paddedTokens, panelRows);
            scratch += Bytes(rows.Groups, paddedTokens, panelRows);
        }

        return panels;
    }

    /// <summary>Copies the sums to where they belong; those of 8-bit activations are in units of their token.</summary>
    public void CopySums(QuantizedActivations x, float* y, nint yStride, int rows)
    {
        for (int token = 0; token < x.Tokens; token++)
        {
            ReadOnlySpan<float> sums = new(Sums + ((nint)token * _rows), rows);
            Span<float> target = new(y + (token * yStride), rows);
            if (x.Type == ActivationType.Int16)
            {
                sums.CopyTo(target);
            }
            else
            {
                System.Numerics.Tensors.TensorPrimitives.Multiply(sums, x.Units[token], target);
            }
        }
    }
}
