using ManagedGemma.Kernels;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Slice;

/// <summary>Which limit bounds a precision on the instruction set that a model uses.</summary>
internal static class SliceLimits
{
    /// <summary>The limit's name; there is none of scalar code.</summary>
    public static string For(GemmaModel model, Precision precision) =>
        (model.Kernels.Max(kernel => kernel.InstructionSet), precision) switch
        {
            (InstructionSet.Avx512, Precision.Fast) => "maddubs-512",
            (InstructionSet.Avx512, Precision.Precise) => "maddwd-512",
            (InstructionSet.Avx512, _) => "fma-512",
            (InstructionSet.AvxVnni, Precision.Fast) => "vnni-256",
            (InstructionSet.Avx2, Precision.Fast) => "maddubs-256",
            (InstructionSet.AvxVnni or InstructionSet.Avx2, Precision.Precise) => "maddwd-256",
            (InstructionSet.AvxVnni or InstructionSet.Avx2, _) => "fma-256",
            (InstructionSet.Dp, Precision.Fast) => "sdot-128",
            (InstructionSet.AdvSimd or InstructionSet.Vector128, Precision.Fast) => "mul16-128",
            (InstructionSet.Dp or InstructionSet.AdvSimd, Precision.Precise) => "smlal-128",
            (InstructionSet.Vector128, Precision.Precise) => "mul32-128",
            (InstructionSet.Scalar, _) => "none",
            _ => "fma-128",
        };
}
