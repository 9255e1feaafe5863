using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels;

/// <summary>What the processor offers and what the environment allows.</summary>
internal static class InstructionSets
{
    /// <summary>The environment variable that narrows the choice: scalar, vector128, advsimd, dp, avx2, avxvnni or avx512.</summary>
    public const string EnvironmentVariable = "MANAGED_GEMMA_ISA";

    /// <summary>Whether the processor rounds a·b + c once: what decides is known when code is compiled.</summary>
    public static bool FusesMultiplyAdd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Fma.IsSupported || AdvSimd.IsSupported;
    }

    /// <summary>
    /// Whether kernels of <paramref name="set"/> run here at full width. A processor that has AVX-512 but was told to prefer
    /// 256 bits (or is slow with 512) answers no for it, as .NET's Vector512.IsHardwareAccelerated does.
    /// </summary>
    public static bool IsAccelerated(InstructionSet set) => set switch
    {
        InstructionSet.Scalar => true,
        InstructionSet.Vector128 => Vector128.IsHardwareAccelerated,
        InstructionSet.AdvSimd => AdvSimd.Arm64.IsSupported && IsAccelerated(InstructionSet.Vector128),
        InstructionSet.Dp => Dp.IsSupported && IsAccelerated(InstructionSet.AdvSimd),
        InstructionSet.Avx2 => Avx2.IsSupported && Fma.IsSupported && Vector256.IsHardwareAccelerated,
        InstructionSet.AvxVnni => AvxVnni.IsSupported && IsAccelerated(InstructionSet.Avx2),
        InstructionSet.Avx512 => Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported && Vector512.IsHardwareAccelerated,
        _ => false,
    };

    /// <summary>The limit that the environment sets; the highest when it sets none.</summary>
    /// <exception cref="GemmaException">The variable holds another word.</exception>
    public static InstructionSet LimitFromEnvironment()
    {
        string? value = Environment.GetEnvironmentVariable(EnvironmentVariable);
        return value?.Trim().ToUpperInvariant() switch
        {
            null or "" or "AVX512" => InstructionSet.Avx512,
            "AVXVNNI" => InstructionSet.AvxVnni,
            "AVX2" => InstructionSet.Avx2,
            "DP" => InstructionSet.Dp,
            "ADVSIMD" => InstructionSet.AdvSimd,
            "VECTOR128" => InstructionSet.Vector128,
            "SCALAR" => InstructionSet.Scalar,
            _ => throw new GemmaException("unknown instruction set", subject: EnvironmentVariable, expected: "scalar, vector128, advsimd, dp, avx2, avxvnni or avx512", found: value),
        };
    }
}
