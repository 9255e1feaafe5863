using System.Diagnostics;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Memory;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Kernel;

/// <summary>The panel kernel alone on one thread, over a matrix that lies in memory.</summary>
internal static unsafe class KernelRun
{
    /// <summary>GMAC/s of [tokens, columns] times a matrix of [rows, columns]; the median of some repeats.</summary>
    public static double Panel(KernelTable table, Precision precision, int rows, int columns, int tokens, int repeats)
    {
        Int4Kernels kernels = precision == Precision.Precise ? table.Int16 : table.Int8;
        int groups = columns / Int4Rows.GroupSize;
        using NativeBuffer words = new((nuint)rows * (nuint)columns / 2), scales = new((nuint)rows * (nuint)groups * 2);
        new Random(1).NextBytes(new Span<byte>(words.Pointer, checked(rows * (columns / 2))));
        new Span<ushort>(scales.Pointer, rows * groups).Fill(0x3C00);
        Int4Rows matrix = new((uint*)words.Pointer, (ushort*)scales.Pointer, (ushort*)scales.Pointer, rows, groups);
        using NativeBuffer x = NativeBuffer.OfFloats(columns), y = NativeBuffer.OfFloats((long)tokens * rows), scratch = new(kernels.Panel.ScratchBytes(groups, tokens));
        for (int i = 0; i < columns; i++)
        {
            x.Floats[i] = (i % 17) - 8;
        }

        using QuantizedActivations activations = new(kernels.Type);
        activations.Shape(tokens, columns, forRowKernel: false);
        for (int token = 0; token < tokens; token++)
        {
            kernels.Quantizer.Quantize(x.Floats, activations, token);
        }

        double[] seconds = new double[repeats];
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            int most = kernels.Panel.PanelRows * IInt4Panel.MostPanels;
            for (int row = 0; row < rows; row += most)
            {
                Int4Rows panel = matrix.Slice(row, Math.Min(most, rows - row));
                kernels.Panel.Multiply(panel, activations, scratch.Pointer, y.Floats + row, rows);
            }

            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return (double)rows * columns * tokens / seconds[repeats / 2] / 1e9;
    }
}
