namespace ManagedGemma.Kernels;

/// <summary>The instruction sets that kernels are written for, from the least to the most.</summary>
public enum InstructionSet
{
    /// <summary>Plain C#: the reference, and what runs where nothing else does.</summary>
    Scalar,

    /// <summary>256-bit AVX2 with FMA.</summary>
    Avx2,

    /// <summary>256-bit AVX-VNNI beside AVX2: products of small integers summed in one instruction.</summary>
    AvxVnni,

    /// <summary>512-bit AVX-512 F, BW, DQ and VL.</summary>
    Avx512,
}
