using ManagedGemma.Kernels;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Slice;

/// <summary>Which limit bounds a precision on the instruction set that a model uses.</summary>
internal static class SliceLimits
{
    /// <summary>The limit's name.</summary>
    public static string For(GemmaModel model, Precision precision)
    {
        bool wide = model.Kernels.Any(kernel => kernel.InstructionSet == InstructionSet.Avx512);
        string instruction = precision switch
        {
            Precision.Fast => "maddubs",
            Precision.Precise => "maddwd",
            _ => "fma",
        };
        return instruction + (wide ? "-512" : "-256");
    }
}
