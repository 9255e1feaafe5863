using ManagedGemma.Kernels;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Slice;

/// <summary>Which limit bounds a precision on the instruction set that a model uses.</summary>
internal static class SliceLimits
{
    /// <summary>The limit's name.</summary>
    public static string For(GemmaModel model, Precision precision)
    {
        InstructionSet widest = model.Kernels.Max(kernel => kernel.InstructionSet);
        string instruction = precision switch
        {
            Precision.Fast => widest == InstructionSet.AvxVnni ? "vnni" : "maddubs",
            Precision.Precise => "maddwd",
            _ => "fma",
        };
        return instruction + (widest == InstructionSet.Avx512 ? "-512" : "-256");
    }
}
