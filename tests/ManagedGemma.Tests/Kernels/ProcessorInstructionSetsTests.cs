using System.Runtime.Intrinsics.X86;
using ManagedGemma.Kernels;
using Set = ManagedGemma.Kernels.InstructionSet;

namespace ManagedGemma.Tests.Kernels;

/// <summary>Processors as CPUID describes them. Registers from Intel's manual, areas as Linux enables them.</summary>
public class ProcessorInstructionSetsTests
{
    private const int Fma = 1 << 12, OsXSave = 1 << 27, Avx = 1 << 28;
    private const int Avx2 = 1 << 5, Avx512F = 1 << 16, Avx512DQ = 1 << 17, Avx512BW = 1 << 30, Avx512VL = 1 << 31;
    private const int All1 = Fma | OsXSave | Avx, All7 = Avx2 | Avx512F | Avx512DQ | Avx512BW | Avx512VL, Vnni = 1 << 4;

    [Theory]
    [InlineData(Set.Avx512, All1, All7, Vnni, 2440, 2440)]
    [InlineData(Set.Avx512, All1, All7, 0, 2696, 2440)]         // PKRU behind
    [InlineData(Set.AvxVnni, All1, Avx2, Vnni, 832, 832)]
    [InlineData(Set.Avx2, All1, Avx2, 0, 832, 832)]
    [InlineData(Set.AvxVnni, All1, All7, Vnni, 832, 832)]       // the system does not save zmm
    [InlineData(Set.AvxVnni, All1, All7, Vnni, 2696, 840)]      // nor here, where PKRU lies behind where they would be
    [InlineData(Set.AvxVnni, All1, All7 & ~Avx512VL, Vnni, 2440, 2440)]
    [InlineData(Set.AvxVnni, All1, All7 & ~Avx512BW, Vnni, 2440, 2440)]
    [InlineData(Set.AvxVnni, All1, All7 & ~Avx512DQ, Vnni, 2440, 2440)]
    [InlineData(Set.AvxVnni, All1, All7 & ~Avx512F, Vnni, 2440, 2440)]
    [InlineData(Set.Scalar, All1, All7 & ~Avx2, Vnni, 2440, 2440)]
    [InlineData(Set.Scalar, All1 & ~Fma, All7, Vnni, 2440, 2440)]
    [InlineData(Set.Scalar, All1 & ~Avx, All7, Vnni, 2440, 2440)]
    [InlineData(Set.Scalar, All1 & ~OsXSave, All7, Vnni, 0, 0)]
    [InlineData(Set.Scalar, All1, All7, Vnni, 576, 576)]        // the system does not save ymm
    public void A_processor_offers_what_the_system_saves(Set expected, int leaf1, int leaf7, int leaf7Sub1, int area, int compacted) =>
        Assert.Equal(expected, ProcessorInstructionSets.Widest(Processor("AuthenticAMD", 0x00A20F10, leaf1, leaf7, leaf7Sub1, area, compacted)));

    [Theory]
    [InlineData("GenuineIntel", 0x50654, Set.Avx2)]      // Skylake-X
    [InlineData("GenuineIntel", 0x60663, Set.Avx2)]      // Cannon Lake
    [InlineData("GenuineIntel", 0x606A6, Set.Avx512)]    // Ice Lake
    [InlineData("GenuineIntel", 0x806F8, Set.Avx512)]    // Sapphire Rapids
    [InlineData("AuthenticAMD", 0x50654, Set.Avx512)]
    public void Processors_that_slow_down_for_512_bits_are_left_at_256(string vendor, int version, Set expected) =>
        Assert.Equal(expected, ProcessorInstructionSets.Widest(Processor(vendor, version, All1, All7, 0, 2440, 2440)));

    [Fact]
    public void An_old_processor_has_few_leaves() => Assert.Equal(Set.Scalar, ProcessorInstructionSets.Widest((leaf, _) => leaf == 0 ? (7, 0, 0, 0) : (-1, -1, -1, -1)));

    /// <summary>The just-in-time compiler asks the processor too, and the system by XGETBV. Switches may narrow its answer, never widen it.</summary>
    [Fact]
    public void This_processor_offers_at_least_what_the_compiler_uses()
    {
        foreach (Set set in new[] { Set.Avx2, Set.AvxVnni, Set.Avx512 })
        {
            Assert.True(!InstructionSets.IsAccelerated(set) || ProcessorInstructionSets.Widest() >= set, $"{set}, found {ProcessorInstructionSets.Widest()}");
        }

        Assert.True(X86Base.IsSupported || ProcessorInstructionSets.Widest() == Set.Scalar);
    }

    [Theory]
    [InlineData(Set.Avx512, Set.AvxVnni, "AVX-512", "x86-64-v4")]
    [InlineData(Set.Avx512, Set.Scalar, "AVX-512", "x86-64-v4")]
    [InlineData(Set.AvxVnni, Set.Avx2, "AVX-VNNI", "x86-64-v3,avxvnni")]
    [InlineData(Set.Avx2, Set.Scalar, "AVX2", "x86-64-v3")]
    public void A_program_compiled_for_less_is_told_what_to_set(Set processor, Set compiled, string missing, string setting)
    {
        string advice = Assert.IsType<string>(InstructionSetAdvice.For(processor, compiled));
        Assert.Contains($"without {missing}, which", advice, StringComparison.Ordinal);
        Assert.Contains($"IlcInstructionSet={setting} ", advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Set.Avx512, Set.Avx512)]
    [InlineData(Set.Avx2, Set.AvxVnni)]
    [InlineData(Set.Scalar, Set.Scalar)]
    public void A_program_that_uses_all_is_told_nothing(Set processor, Set compiled) => Assert.Null(InstructionSetAdvice.For(processor, compiled));

    [Fact]
    public void The_just_in_time_compiler_needs_no_advice() => Assert.Null(InstructionSetAdvice.For(Set.Avx512));

    private static ProcessorInstructionSets.CpuId Processor(string vendor, int version, int leaf1, int leaf7, int leaf7Sub1, int area, int compacted)
    {
        byte[] name = System.Text.Encoding.ASCII.GetBytes(vendor);
        return (leaf, subleaf) => (leaf, subleaf) switch
        {
            (0, _) => (0x1F, BitConverter.ToInt32(name, 0), BitConverter.ToInt32(name, 8), BitConverter.ToInt32(name, 4)),
            (1, _) => (version, 0, leaf1, 0),
            (7, 0) => (1, leaf7, 0, 0),
            (7, 1) => (leaf7Sub1, 0, 0, 0),
            (0xD, 0) => (0x2E7, area, 2696, 0),
            (0xD, 1) => (0xF, compacted, 0, 0),
            (0xD, 7) => (1024, 1408, 0, 0),   // Hi16_ZMM as AMD lays it out: opmask at 832, ZMM_Hi256 at 896
            _ => (0, 0, 0, 0),
        };
    }
}
