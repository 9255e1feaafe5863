using BenchmarkDotNet.Attributes;
using ManagedGemma.Kernels;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Kernels;

/// <summary>The integer kernels: one row block of the 12b's gate projection, one thread.</summary>
[Config(typeof(KernelConfig))]
public class Int4Benchmarks : IDisposable
{
    internal const int Rows = 1024;
    internal const int Columns = 3840;

    private PanelOperands? _operands;

    /// <summary>The instruction sets that this machine runs.</summary>
    public static IEnumerable<InstructionSet> Sets => Enum.GetValues<InstructionSet>().Where(InstructionSets.IsAccelerated);

    /// <summary>The highest instruction set to use.</summary>
    [ParamsSource(nameof(Sets))]
    public InstructionSet Set { get; set; }

    /// <summary>16-bit or 8-bit activations.</summary>
    [Params(Precision.Precise, Precision.Fast)]
    public Precision Precision { get; set; }

    /// <summary>Tokens at once; 1 takes the row kernel.</summary>
    [Params(1, 8, 128)]
    public int Tokens { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        KernelTable table = KernelTable.UpTo(Set);
        _operands = new PanelOperands(Precision == Precision.Precise ? table.Int16 : table.Int8, Rows, Columns, Tokens, Tokens == 1);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _operands?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One product.</summary>
    [Benchmark]
    [Work((double)Rows * Columns)]
    public void Multiply() => _operands!.Multiply();
}
