using BenchmarkDotNet.Attributes;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Memory;

namespace ManagedGemma.Bench.Kernels;

/// <summary>The float product at the sizes that the decoder gives it, and what unpacks 4-bit weights for it; one thread.</summary>
[Config(typeof(KernelConfig))]
public unsafe class FloatBenchmarks : IDisposable
{
    private const int Depth = 512;
    private const int HeadDim = 256;

    private readonly NativeBuffer _x = Filled(128 * Depth);
    private readonly NativeBuffer _w = Filled(Depth * IInt4Unpack.TileRows);
    private readonly NativeBuffer _y = Filled(128 * IInt4Unpack.TileRows);
    private readonly NativeBuffer _words = Filled(IInt4Unpack.TileRows * Depth / 8);
    private readonly NativeBuffer _scales = Filled(IInt4Unpack.TileRows * Depth);
    private KernelTable _table = KernelTable.UpTo(InstructionSet.Scalar);

    /// <summary>The instruction sets that this machine runs.</summary>
    public static IEnumerable<InstructionSet> Sets => Int4Benchmarks.Sets;

    /// <summary>The highest instruction set to use.</summary>
    [ParamsSource(nameof(Sets))]
    public InstructionSet Set { get; set; }

    /// <summary>Rows of X at once.</summary>
    [Params(1, 24, 128)]
    public int Tokens { get; set; }

    /// <summary>Chooses the kernels.</summary>
    [GlobalSetup]
    public void Setup() => _table = KernelTable.UpTo(Set);

    /// <summary>A tile of unpacked weights.</summary>
    [Benchmark]
    [Work((double)Depth * IInt4Unpack.TileRows)]
    public void Weights() => _table.FloatMatMul.Multiply(
        _x.Floats, Depth, Tokens, _w.Floats, IInt4Unpack.TileRows, Depth, _y.Floats, IInt4Unpack.TileRows, IInt4Unpack.TileRows, accumulate: true);

    /// <summary>Queries with a page of keys.</summary>
    [Benchmark]
    [Work((double)HeadDim * IInt4Unpack.TileRows)]
    public void Scores() => _table.FloatMatMul.Multiply(
        _x.Floats, HeadDim, Tokens, _w.Floats, IInt4Unpack.TileRows, HeadDim, _y.Floats, IInt4Unpack.TileRows, IInt4Unpack.TileRows, accumulate: false);

    /// <summary>A tile of 4-bit weights to float32, whatever the number of tokens.</summary>
    [Benchmark]
    [Work((double)Depth * IInt4Unpack.TileRows, PerToken = false)]
    public void Unpack() => _table.Unpack.Unpack(
        new Int4Rows((uint*)_words.Pointer, (ushort*)_scales.Pointer, (ushort*)_scales.Pointer, IInt4Unpack.TileRows, Depth / Int4Rows.GroupSize),
        0,
        Depth / Int4Rows.GroupSize,
        _w.Floats);

    /// <summary>Frees the operands.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        foreach (NativeBuffer buffer in new[] { _x, _w, _y, _words, _scales })
        {
            buffer.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private static NativeBuffer Filled(int count)
    {
        NativeBuffer buffer = NativeBuffer.OfFloats(count);
        new Span<float>(buffer.Floats, count).Fill(1e-3f);
        return buffer;
    }
}
