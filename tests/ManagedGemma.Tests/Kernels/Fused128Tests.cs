using System.Runtime.Intrinsics;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

/// <summary>The fused multiply-add by doubles, which only processors without one run otherwise.</summary>
public class Fused128Tests
{
    [Property(MaxTest = 2000)]
    public Property Any_bits_give_the_bits_of_the_definition() => Prop.ForAll(
        (from a in Gen.Choose(int.MinValue, int.MaxValue)
         from b in Gen.Choose(int.MinValue, int.MaxValue)
         from c in Gen.Choose(int.MinValue, int.MaxValue)
         select (a, b, c)).ToArbitrary(),
        bits => Agrees(BitConverter.Int32BitsToSingle(bits.a), BitConverter.Int32BitsToSingle(bits.b), BitConverter.Int32BitsToSingle(bits.c)));

    // Sums near a product of either sign, where digits cancel, and far below it, where they only break ties.
    [Property(MaxTest = 5000)]
    public Property Near_ties_and_cancellations_too() => Prop.ForAll(
        (from a in Gen.Choose(1, (1 << 12) + 3)
         from b in Gen.Choose(1, (1 << 13) + 1)
         from scale in Gen.Choose(-70, 70)
         from distance in Gen.Choose(0, 80)
         from c in Gen.Elements(1, -1, 3, -5, (1 << 24) - 1, 1 - (1 << 24))
         select (a, b, scale, distance, c)).ToArbitrary(),
        x => Agrees(MathF.ScaleB(x.a, x.scale), x.b, MathF.ScaleB(x.c, x.scale - x.distance)));

    [Theory]
    [InlineData(16777217.0f - 1, 1.0000001f, 1e-30f)]
    [InlineData(4097f, 4097f, 1e-38f)] // 2^24 + 2^13 + 1: half way between two floats, decided by what is added
    [InlineData(4097f, 4097f, -1e-38f)]
    [InlineData(4097f, -4097f, 1e-38f)]
    [InlineData(1e-30f, 1e-30f, 1e-45f)]
    [InlineData(1e-23f, 1e-22f, -1e-45f)]
    [InlineData(float.MaxValue, 2f, float.NegativeInfinity)]
    [InlineData(float.MaxValue, 2f, -float.MaxValue)]
    [InlineData(float.PositiveInfinity, 0f, 1f)]
    [InlineData(-0f, 1f, -0f)]
    [InlineData(1f, 1f, float.NaN)]
    public void What_is_special_is_so_here(float a, float b, float c) => Assert.True(Agrees(a, b, c));

    private static bool Agrees(float a, float b, float c)
    {
        Vector128<float> all = Fused128.InDouble(Vector128.Create(a, 1, b, a), Vector128.Create(b, 1, a, -b), Vector128.Create(c, 1, c, c));
        float expected = MathF.FusedMultiplyAdd(a, b, c), negated = MathF.FusedMultiplyAdd(a, -b, c);
        return Nasty.Bits([all[0], all[1], all[2], all[3]]).AsSpan().SequenceEqual(Nasty.Bits([expected, 2, expected, negated]));
    }
}
