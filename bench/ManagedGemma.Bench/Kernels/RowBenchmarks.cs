using BenchmarkDotNet.Attributes;
using ManagedGemma.Kernels;

namespace ManagedGemma.Bench.Kernels;

/// <summary>The kernels that work on a row, at the 12b's hidden size.</summary>
[Config(typeof(KernelConfig))]
public class RowBenchmarks
{
    internal const int Length = 3840;

    private readonly float[] _x = [.. Enumerable.Range(0, Length).Select(i => MathF.Sin(i))];
    private readonly float[] _weight = [.. Enumerable.Range(0, Length).Select(i => 1 + (0.1f * MathF.Cos(i)))];
    private readonly float[] _y = new float[Length];
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
    public void RmsNorm() => _table.RmsNorm.Normalize(_x, _weight, 1e-6f, _y);

    /// <summary>Gated GELU, tanh approximation.</summary>
    [Benchmark]
    public void GeluTanh() => _table.GeluTanh.Multiply(_x, _weight, _y);

    /// <summary>Gated GELU, exact.</summary>
    [Benchmark]
    public void GeluErf() => _table.GeluErf.Multiply(_x, _weight, _y);

    /// <summary>Softmax of a row of scores.</summary>
    [Benchmark]
    public void Softmax()
    {
        _x.CopyTo(_y, 0);
        _table.Softmax.Apply(_y, 0.0625f);
    }
}
