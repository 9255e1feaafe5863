using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.Avx2;
using Loader = ManagedGemma.Kernels.Int4.Int4PanelLoader<ManagedGemma.Kernels.Int4.WordTransposeAvx2>;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecB = System.Runtime.Intrinsics.Vector256<byte>;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;
using VecS = System.Runtime.Intrinsics.Vector256<short>;
using VecX = System.Runtime.Intrinsics.Vector256<sbyte>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Four tokens by 16 rows: vpmaddubsw of four weights with four activations of one token, broadcast. A pair is at most
/// 15 · 127 · 2 = 3810, so the eight pairs of a half group are added in int16; vpmaddwd with the half's multiple (at most 2¹⁴)
/// widens and scales them in one: both halves together stay below 2³¹. The first half's sums wait in scratch.
/// </summary>
internal sealed unsafe class Int4PanelInt8Avx2() : Int4TiledPanel(Loader.Rows, TileTokens)
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
                VecS c00 = VecS.Zero, c01 = VecS.Zero;
                VecS c10 = VecS.Zero, c11 = VecS.Zero;
                VecS c20 = VecS.Zero, c21 = VecS.Zero;
                VecS c30 = VecS.Zero, c31 = VecS.Zero;
                for (nint w = half; w < half + (Int4Rows.GroupWords / 2); w++, nibbles += 2 * Loader.Rows)
                {
                    VecB p0 = Vec.Load(nibbles).AsByte(), p1 = Vec.Load(nibbles + VecI.Count).AsByte();
                    VecX a = Vec.Create(v[w]).AsSByte();
                    c00 += ISA.MultiplyAddAdjacent(p0, a);
                    c01 += ISA.MultiplyAddAdjacent(p1, a);
                    a = Vec.Create(v[w + 32]).AsSByte();
                    c10 += ISA.MultiplyAddAdjacent(p0, a);
                    c11 += ISA.MultiplyAddAdjacent(p1, a);
                    a = Vec.Create(v[w + 64]).AsSByte();
                    c20 += ISA.MultiplyAddAdjacent(p0, a);
                    c21 += ISA.MultiplyAddAdjacent(p1, a);
                    a = Vec.Create(v[w + 96]).AsSByte();
                    c30 += ISA.MultiplyAddAdjacent(p0, a);
                    c31 += ISA.MultiplyAddAdjacent(p1, a);
                    p0 = Vec.Load(nibbles + Loader.Rows).AsByte();
                    p1 = Vec.Load(nibbles + Loader.Rows + VecI.Count).AsByte();
                    a = Vec.Create(v[w + 16]).AsSByte();
                    c00 += ISA.MultiplyAddAdjacent(p0, a);
                    c01 += ISA.MultiplyAddAdjacent(p1, a);
                    a = Vec.Create(v[w + 48]).AsSByte();
                    c10 += ISA.MultiplyAddAdjacent(p0, a);
                    c11 += ISA.MultiplyAddAdjacent(p1, a);
                    a = Vec.Create(v[w + 80]).AsSByte();
                    c20 += ISA.MultiplyAddAdjacent(p0, a);
                    c21 += ISA.MultiplyAddAdjacent(p1, a);
                    a = Vec.Create(v[w + 112]).AsSByte();
                    c30 += ISA.MultiplyAddAdjacent(p0, a);
                    c31 += ISA.MultiplyAddAdjacent(p1, a);
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
    private static void Keep(int* half, VecS c0, VecS c1, int multiple)
    {
        VecS m = Vec.Create(multiple).AsInt16();
        ISA.MultiplyAddAdjacent(c0, m).Store(half);
        ISA.MultiplyAddAdjacent(c1, m).Store(half + VecI.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* sums, int* half, VecS c0, VecS c1, int multiple, VecF sum, VecF w0, VecF w1, VecF b0, VecF b1)
    {
        VecS m = Vec.Create(multiple).AsInt16();
        VecF dot0 = Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c0, m) + Vec.Load(half));
        VecF dot1 = Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c1, m) + Vec.Load(half + VecI.Count));
        Vec.FusedMultiplyAdd(sum, b0, Vec.FusedMultiplyAdd(dot0, w0, Vec.Load(sums))).Store(sums);
        Vec.FusedMultiplyAdd(sum, b1, Vec.FusedMultiplyAdd(dot1, w1, Vec.Load(sums + VecF.Count))).Store(sums + VecF.Count);
    }
}
