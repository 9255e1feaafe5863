using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Memory;

namespace ManagedGemma.Bench.Kernels;

/// <summary>A 4-bit matrix in memory and rounded activations to multiply it with, on one thread.</summary>
internal sealed unsafe class PanelOperands : IDisposable
{
    private readonly Int4Kernels _kernels;
    private readonly NativeBuffer _words;
    private readonly NativeBuffer _scales;
    private readonly NativeBuffer _y;
    private readonly NativeBuffer _scratch;
    private readonly QuantizedActivations _activations;
    private readonly Int4Rows _matrix;

    /// <summary>[tokens, columns] times a matrix of [rows, columns].</summary>
    public PanelOperands(Int4Kernels kernels, int rows, int columns, int tokens, bool forRowKernel)
    {
        _kernels = kernels;
        int groups = columns / Int4Rows.GroupSize;
        _words = new NativeBuffer((nuint)rows * (nuint)columns / 2);
        _scales = new NativeBuffer((nuint)rows * (nuint)groups * sizeof(ushort));
        _y = NativeBuffer.OfFloats((long)tokens * rows);
        _scratch = new NativeBuffer(forRowKernel ? kernels.Row.ScratchBytes : kernels.Panel.ScratchBytes(groups, tokens));
        new Random(1).NextBytes(new Span<byte>(_words.Pointer, checked(rows * (columns / 2))));
        new Span<ushort>(_scales.Pointer, rows * groups).Fill(0x3C00);
        _matrix = new Int4Rows((uint*)_words.Pointer, (ushort*)_scales.Pointer, (ushort*)_scales.Pointer, rows, groups);
        using NativeBuffer x = NativeBuffer.OfFloats(columns);
        for (int i = 0; i < columns; i++)
        {
            x.Floats[i] = (i % 17) - 8;
        }

        _activations = new QuantizedActivations(kernels.Type);
        _activations.Shape(tokens, columns, forRowKernel);
        for (int token = 0; token < tokens; token++)
        {
            kernels.Quantizer.Quantize(x.Floats, _activations, token);
        }
    }

    /// <summary>Multiplies, by the kernel that the activations were laid out for.</summary>
    public void Multiply()
    {
        if (_activations.ForRowKernel)
        {
            _kernels.Row.Multiply(_matrix, _activations, _scratch.Pointer, _y.Floats, _matrix.Count);
            return;
        }

        int most = _kernels.Panel.PanelRows * IInt4Panel.MostPanels;
        for (int row = 0; row < _matrix.Count; row += most)
        {
            Int4Rows rows = _matrix.Slice(row, Math.Min(most, _matrix.Count - row));
            _kernels.Panel.Multiply(rows, _activations, new TokenRange(0, _activations.Tokens), _scratch.Pointer, _y.Floats + row, _matrix.Count);
        }
    }

    public void Dispose()
    {
        _words.Dispose();
        _scales.Dispose();
        _y.Dispose();
        _scratch.Dispose();
        _activations.Dispose();
    }
}
