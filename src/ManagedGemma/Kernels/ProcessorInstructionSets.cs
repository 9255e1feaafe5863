using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Kernels;

/// <summary>
/// What the processor and the system offer, whatever this program was compiled for: a program compiled ahead of time answers
/// <c>IsSupported</c> for the AVX family by what it was compiled with. From CPUID (Intel SDM 2A, CPUID; 1, 13.2: XSAVE areas).
/// </summary>
internal static class ProcessorInstructionSets
{
    /// <summary>CPUID of a leaf and a subleaf: eax, ebx, ecx, edx; all zero for a leaf that is not there.</summary>
    public delegate (int Eax, int Ebx, int Ecx, int Edx) CpuId(int leaf, int subleaf);

    // Bytes of an XSAVE area: legacy region and header, then the upper halves of ymm, always at this place.
    private const int AvxArea = 576 + 256;

    // A compacted area with opmasks (64), upper halves of zmm0-15 (512) and zmm16-31 (1024). What a system without them may save besides
    // (PKRU 8, CET 40, processor trace 128, branch records 808) is smaller.
    private const int Avx512CompactedArea = AvxArea + 64 + 512 + 1024;

    private const int HighZmm = 7; // state component Hi16_ZMM

    /// <summary>The most that kernels are written for and this processor runs, Skylake's AVX-512 apart, which .NET does not use either.</summary>
    public static InstructionSet Widest() => X86Base.IsSupported ? Widest(X86Base.CpuId) : InstructionSet.Scalar;

    /// <summary>The same for any processor.</summary>
    public static InstructionSet Widest(CpuId cpuId)
    {
        int leaves = cpuId(0, 0).Eax;
        if (leaves < 0xD)
        {
            return InstructionSet.Scalar;
        }

        (int version, _, int features, _) = cpuId(1, 0);
        (_, int extended, _, _) = cpuId(7, 0);
        bool systemSaves = Bit(features, 27); // OSXSAVE
        bool avx2 = systemSaves && Bit(features, 28) && Bit(features, 12) && Bit(extended, 5) && cpuId(0xD, 0).Ebx >= AvxArea;
        if (!avx2)
        {
            return InstructionSet.Scalar;
        }

        bool avx512 = Bit(extended, 16) && Bit(extended, 17) && Bit(extended, 30) && Bit(extended, 31);
        if (avx512 && SavesZmm(cpuId) && !IsSlowWith512Bits(cpuId, version))
        {
            return InstructionSet.Avx512;
        }

        return Bit(cpuId(7, 1).Eax, 4) ? InstructionSet.AvxVnni : InstructionSet.Avx2;
    }

    // XGETBV is not to be had from C#. The sizes of the areas for what the system has enabled tell the same.
    private static bool SavesZmm(CpuId cpuId)
    {
        (int size, int offset, _, _) = cpuId(0xD, HighZmm);
        (int options, int compacted, _, _) = cpuId(0xD, 1);
        bool hasCompacted = Bit(options, 1);
        return size > 0 && cpuId(0xD, 0).Ebx >= offset + size && (!hasCompacted || compacted >= Avx512CompactedArea);
    }

    // Skylake-X, Cascade Lake, Cooper Lake (model 0x55) and Cannon Lake (0x66) lower their clock for 512 bits; .NET prefers 256 there.
    private static bool IsSlowWith512Bits(CpuId cpuId, int version)
    {
        bool isIntel = cpuId(0, 0) is (_, 0x756E6547, 0x6C65746E, 0x49656E69); // Genu ntel ineI
        int family = (version >> 8) & 0xF, model = ((version >> 4) & 0xF) | ((version >> 12) & 0xF0);
        return isIntel && family == 6 && model is (0x55 or 0x66);
    }

    private static bool Bit(int register, int bit) => ((register >> bit) & 1) != 0;
}
