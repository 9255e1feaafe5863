using BenchmarkDotNet.Attributes;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Kernels.RangeNorm;

namespace ManagedGemma.Bench.Kernels;

/// <summary>The kernels that work on a row, at the 12b's hidden size.</summary>
[Config(typeof(KernelConfig))]
public unsafe class RowBenchmarks : IDisposable
{
    internal const int Length = 3840;

    private readonly float[] _x = [.. Enumerable.Range(0, Length).Select(i => MathF.Sin(i))];
    private readonly float[] _weight = [.. Enumerable.Range(0, Length).Select(i => 1 + (0.1f * MathF.Cos(i)))];
    private readonly float[] _head = [.. Enumerable.Range(0, Length).Select(i => MathF.Sin(i))];
    private readonly float[] _cos = [.. Enumerable.Range(0, Length / 2).Select(i => MathF.Cos(i))];
    private readonly float[] _sin = [.. Enumerable.Range(0, Length / 2).Select(i => MathF.Sin(i))];
    private readonly float[] _y = new float[Length];
    private readonly QuantizedActivations _int16 = Shaped(ActivationType.Int16);
    private readonly QuantizedActivations _int8 = Shaped(ActivationType.Int8);
    private KernelTable _table = KernelTable.UpTo(InstructionSet.Scalar);

    /// <summary>The instruction sets that this machine runs.</summary>
    public static IEnumerable<InstructionSet> Sets => Int4Benchmarks.Sets;

    /// <summary>The highest instruction set to use.</summary>
    [ParamsSource(nameof(Sets))]
    public InstructionSet Set { get; set; }

    /// <summary>Chooses the kernels.</summary>
    [GlobalSetup]
    public void Setup() => _table = KernelTable.UpTo(Set);

    /// <summary>Root-mean-square norm.</summary>
    [Benchmark]
    [Work(Length)]
    public void RmsNorm() => _table.RmsNorm.Normalize(_x, _weight, 1e-6f, _y);

    /// <summary>Gated GELU, tanh approximation.</summary>
    [Benchmark]
    [Work(Length)]
    public void GeluTanh() => _table.GeluTanh.Multiply(_x, _weight, _y);

    /// <summary>Gated GELU, exact.</summary>
    [Benchmark]
    [Work(Length)]
    public void GeluErf() => _table.GeluErf.Multiply(_x, _weight, _y);

    /// <summary>Softmax of a row of scores.</summary>
    [Benchmark]
    [Work(Length)]
    public void Softmax()
    {
        _x.CopyTo(_y, 0);
        _table.Softmax.Apply(_y, 0.0625f);
    }

    /// <summary>Mean and range of a row, and the norm by them.</summary>
    [Benchmark]
    [Work(Length)]
    public void RangeNorm()
    {
        RowRange range = _table.RangeNorm.Measure(_x);
        _table.RangeNorm.Apply(_x, (float)(range.Sum / Length), range.Maximum - range.Minimum, _y);
    }

    /// <summary>Rotary embedding of a row as one head.</summary>
    [Benchmark]
    [Work(Length)]
    public void Rope() => _table.Rope.Rotate(_head, _cos, _sin);

    /// <summary>A row to 16 bits.</summary>
    [Benchmark]
    [Work(Length)]
    public void QuantizeInt16() => Quantize(_table.Int16, _int16);

    /// <summary>A row to 8 bits.</summary>
    [Benchmark]
    [Work(Length)]
    public void QuantizeInt8() => Quantize(_table.Int8, _int8);

    /// <summary>Frees what rows are rounded into.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _int16.Dispose();
        _int8.Dispose();
        GC.SuppressFinalize(this);
    }

    private static QuantizedActivations Shaped(ActivationType type)
    {
        QuantizedActivations activations = new(type);
        activations.Shape(1, Length, forRowKernel: false);
        return activations;
    }

    private void Quantize(Int4Kernels kernels, QuantizedActivations target)
    {
        fixed (float* row = _x)
        {
            kernels.Quantizer.Quantize(row, target, 0);
        }
    }
}
