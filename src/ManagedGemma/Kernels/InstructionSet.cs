namespace ManagedGemma.Kernels;

/// <summary>The instruction sets that kernels are written for, from the least to the most; those of Arm64 and of x86 never meet.</summary>
public enum InstructionSet
{
    /// <summary>Plain C#: the reference, and what runs where nothing else does.</summary>
    Scalar,

    /// <summary>128-bit vectors of .NET without instructions of a processor: x86 without AVX2, Arm64, WebAssembly.</summary>
    Vector128,

    /// <summary>Arm64's Advanced SIMD beside these vectors: widening multiply-adds of 16-bit integers.</summary>
    AdvSimd,

    /// <summary>Arm64's dot products (FEAT_DotProd) beside Advanced SIMD: products of small integers summed in one instruction.</summary>
    Dp,

    /// <summary>256-bit AVX2 with FMA.</summary>
    Avx2,

    /// <summary>256-bit AVX-VNNI beside AVX2: products of small integers summed in one instruction.</summary>
    AvxVnni,

    /// <summary>512-bit AVX-512 F, BW, DQ and VL.</summary>
    Avx512,
}
