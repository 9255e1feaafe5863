using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.AvxVnni;
using Loader = ManagedGemma.Kernels.Int4.Int4PanelLoader<ManagedGemma.Kernels.Int4.WordTransposeAvx2>;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecB = System.Runtime.Intrinsics.Vector256<byte>;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;
using VecX = System.Runtime.Intrinsics.Vector256<sbyte>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Four tokens by 16 rows: vpdpbusd adds four products of weights and activations of one token to an int32 in one instruction. A
/// half group's sum is at most 15 · 127 · 32, times its multiple (at most 2¹⁴) below 2³⁰. The first half's sums wait in scratch.
/// </summary>
internal sealed unsafe class Int4PanelInt8AvxVnni() : Int4TiledPanel(Loader.Rows, TileTokens)
{
    private const int TileTokens = 4;
    private const int BlockBytes = 128;

    protected override void Load(in Int4Rows rows, int first, int groups, in Int4PanelScratch panel) => Loader.Load(rows, first, groups, panel);

    [MethodImpl(KernelMethod.Options)]
    protected override void Tile(
        in Int4PanelScratch panel, float* sums, QuantizedActivations x, int token, int firstGroup, int groups, ref PanelPrefetch ahead)
    {
        int* nibbles = (int*)panel.Nibbles;
        float* rowScales = panel.Scales, rowBiases = panel.Biases;
        byte* values = x.Values(token, firstGroup / 2);
        nint tokens = x.PaddedTokens;
        float* xSums = x.SumOf(token, firstGroup);
        int* xScales = x.MultipleOf(token, 2 * firstGroup);
        int* halves = panel.Halves;
        for (int group = firstGroup; group < firstGroup + groups; group++)
        {
            ahead.Step();
            int* v = (int*)values + ((group & 1) * Int4Rows.GroupWords);
            values += (group & 1) * QuantizedActivations.TokenMultiple * BlockBytes;
            for (nint half = 0; half < Int4Rows.GroupWords; half += Int4Rows.GroupWords / 2)
            {
                VecI c00 = VecI.Zero, c01 = VecI.Zero;
                VecI c10 = VecI.Zero, c11 = VecI.Zero;
                VecI c20 = VecI.Zero, c21 = VecI.Zero;
                VecI c30 = VecI.Zero, c31 = VecI.Zero;
                for (nint w = half; w < half + (Int4Rows.GroupWords / 2); w++, nibbles += 2 * Loader.Rows)
                {
                    VecB p0 = Vec.Load(nibbles).AsByte(), p1 = Vec.Load(nibbles + VecI.Count).AsByte();
                    VecX a = Vec.Create(v[w]).AsSByte();
                    c00 = ISA.MultiplyWideningAndAdd(c00, p0, a);
                    c01 = ISA.MultiplyWideningAndAdd(c01, p1, a);
                    a = Vec.Create(v[w + 32]).AsSByte();
                    c10 = ISA.MultiplyWideningAndAdd(c10, p0, a);
                    c11 = ISA.MultiplyWideningAndAdd(c11, p1, a);
                    a = Vec.Create(v[w + 64]).AsSByte();
                    c20 = ISA.MultiplyWideningAndAdd(c20, p0, a);
                    c21 = ISA.MultiplyWideningAndAdd(c21, p1, a);
                    a = Vec.Create(v[w + 96]).AsSByte();
                    c30 = ISA.MultiplyWideningAndAdd(c30, p0, a);
                    c31 = ISA.MultiplyWideningAndAdd(c31, p1, a);
                    p0 = Vec.Load(nibbles + Loader.Rows).AsByte();
                    p1 = Vec.Load(nibbles + Loader.Rows + VecI.Count).AsByte();
                    a = Vec.Create(v[w + 16]).AsSByte();
                    c00 = ISA.MultiplyWideningAndAdd(c00, p0, a);
                    c01 = ISA.MultiplyWideningAndAdd(c01, p1, a);
                    a = Vec.Create(v[w + 48]).AsSByte();
                    c10 = ISA.MultiplyWideningAndAdd(c10, p0, a);
                    c11 = ISA.MultiplyWideningAndAdd(c11, p1, a);
                    a = Vec.Create(v[w + 80]).AsSByte();
                    c20 = ISA.MultiplyWideningAndAdd(c20, p0, a);
                    c21 = ISA.MultiplyWideningAndAdd(c21, p1, a);
                    a = Vec.Create(v[w + 112]).AsSByte();
                    c30 = ISA.MultiplyWideningAndAdd(c30, p0, a);
                    c31 = ISA.MultiplyWideningAndAdd(c31, p1, a);
                }

                if (half == 0)
                {
                    Keep(halves, c00, c01, xScales[0]);
                    Keep(halves + Loader.Rows, c10, c11, xScales[1]);
                    Keep(halves + (2 * Loader.Rows), c20, c21, xScales[2]);
                    Keep(halves + (3 * Loader.Rows), c30, c31, xScales[3]);
                    xScales += tokens;
                    continue;
                }

                VecF w0 = Vec.Load(rowScales), w1 = Vec.Load(rowScales + VecF.Count);
                VecF b0 = Vec.Load(rowBiases), b1 = Vec.Load(rowBiases + VecF.Count);
                Add(sums, halves, c00, c01, xScales[0], Vec.Create(xSums[0]), w0, w1, b0, b1);
                Add(sums + Loader.Rows, halves + Loader.Rows, c10, c11, xScales[1], Vec.Create(xSums[1]), w0, w1, b0, b1);
                Add(sums + (2 * Loader.Rows), halves + (2 * Loader.Rows), c20, c21, xScales[2], Vec.Create(xSums[2]), w0, w1, b0, b1);
                Add(sums + (3 * Loader.Rows), halves + (3 * Loader.Rows), c30, c31, xScales[3], Vec.Create(xSums[3]), w0, w1, b0, b1);
                xScales += tokens;
            }

            xSums += tokens;
            rowScales += Loader.Rows;
            rowBiases += Loader.Rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(int* half, VecI c0, VecI c1, int multiple)
    {
        VecI m = Vec.Create(multiple & 0xFFFF);
        (c0 * m).Store(half);
        (c1 * m).Store(half + VecI.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* sums, int* half, VecI c0, VecI c1, int multiple, VecF sum, VecF w0, VecF w1, VecF b0, VecF b1)
    {
        VecI m = Vec.Create(multiple & 0xFFFF);
        VecF dot0 = Vec.ConvertToSingle((c0 * m) + Vec.Load(half));
        VecF dot1 = Vec.ConvertToSingle((c1 * m) + Vec.Load(half + VecI.Count));
        Vec.FusedMultiplyAdd(sum, b0, Vec.FusedMultiplyAdd(dot0, w0, Vec.Load(sums))).Store(sums);
        Vec.FusedMultiplyAdd(sum, b1, Vec.FusedMultiplyAdd(dot1, w1, Vec.Load(sums + VecF.Count))).Store(sums + VecF.Count);
    }
}
