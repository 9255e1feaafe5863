using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Loader = ManagedGemma.Kernels.Int4.Int4PanelLoader<ManagedGemma.Kernels.Int4.WordTransposeAvx512>;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;
using VecS = System.Runtime.Intrinsics.Vector512<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Eight tokens by 32 rows: vpmaddwd of weight pairs (i, i + 4 of a word) with the pairs of one token, broadcast; 64 products
/// of at most 15 · 32767 fit an int32. The float sums stay in scratch: 16 integer sums fill the registers.
/// </summary>
internal sealed unsafe class Int4PanelInt16Avx512() : Int4TiledPanel(Loader.Rows, TileTokens)
{
    private const int TileTokens = 8;
    private const int BlockBytes = 256;

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
        float* xScales = x.ScaleOf(token, firstGroup);
        for (int group = firstGroup; group < firstGroup + groups; group++)
        {
            ahead.Step();
            int* v = (int*)values + ((group & 1) * Int4Rows.GroupWords);
            values += (group & 1) * QuantizedActivations.TokenMultiple * BlockBytes;
            VecI c00 = VecI.Zero, c01 = VecI.Zero;
            VecI c10 = VecI.Zero, c11 = VecI.Zero;
            VecI c20 = VecI.Zero, c21 = VecI.Zero;
            VecI c30 = VecI.Zero, c31 = VecI.Zero;
            VecI c40 = VecI.Zero, c41 = VecI.Zero;
            VecI c50 = VecI.Zero, c51 = VecI.Zero;
            VecI c60 = VecI.Zero, c61 = VecI.Zero;
            VecI c70 = VecI.Zero, c71 = VecI.Zero;
            for (nint w = 0; w < Int4Rows.GroupWords; w++, nibbles += 2 * Loader.Rows)
            {
                VecI u0 = Vec.Load(nibbles), u1 = Vec.Load(nibbles + VecI.Count);
                VecS p0 = (u0 & Vec.Create(0x00FF00FF)).AsInt16(), p1 = (u1 & Vec.Create(0x00FF00FF)).AsInt16();
                VecS a = Vec.Create(v[w]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, a);
                c01 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 64]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, a);
                c11 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 128]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, a);
                c21 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 192]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, a);
                c31 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 256]).AsInt16();
                c40 += ISA.MultiplyAddAdjacent(p0, a);
                c41 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 320]).AsInt16();
                c50 += ISA.MultiplyAddAdjacent(p0, a);
                c51 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 384]).AsInt16();
                c60 += ISA.MultiplyAddAdjacent(p0, a);
                c61 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 448]).AsInt16();
                c70 += ISA.MultiplyAddAdjacent(p0, a);
                c71 += ISA.MultiplyAddAdjacent(p1, a);
                p0 = u0.AsInt16() >>> 8;
                p1 = u1.AsInt16() >>> 8;
                a = Vec.Create(v[w + 32]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, a);
                c01 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 96]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, a);
                c11 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 160]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, a);
                c21 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 224]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, a);
                c31 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 288]).AsInt16();
                c40 += ISA.MultiplyAddAdjacent(p0, a);
                c41 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 352]).AsInt16();
                c50 += ISA.MultiplyAddAdjacent(p0, a);
                c51 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 416]).AsInt16();
                c60 += ISA.MultiplyAddAdjacent(p0, a);
                c61 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 480]).AsInt16();
                c70 += ISA.MultiplyAddAdjacent(p0, a);
                c71 += ISA.MultiplyAddAdjacent(p1, a);
                u0 = Vec.Load(nibbles + Loader.Rows);
                u1 = Vec.Load(nibbles + Loader.Rows + VecI.Count);
                p0 = (u0 & Vec.Create(0x00FF00FF)).AsInt16();
                p1 = (u1 & Vec.Create(0x00FF00FF)).AsInt16();
                a = Vec.Create(v[w + 16]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, a);
                c01 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 80]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, a);
                c11 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 144]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, a);
                c21 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 208]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, a);
                c31 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 272]).AsInt16();
                c40 += ISA.MultiplyAddAdjacent(p0, a);
                c41 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 336]).AsInt16();
                c50 += ISA.MultiplyAddAdjacent(p0, a);
                c51 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 400]).AsInt16();
                c60 += ISA.MultiplyAddAdjacent(p0, a);
                c61 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 464]).AsInt16();
                c70 += ISA.MultiplyAddAdjacent(p0, a);
                c71 += ISA.MultiplyAddAdjacent(p1, a);
                p0 = u0.AsInt16() >>> 8;
                p1 = u1.AsInt16() >>> 8;
                a = Vec.Create(v[w + 48]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, a);
                c01 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 112]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, a);
                c11 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 176]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, a);
                c21 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 240]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, a);
                c31 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 304]).AsInt16();
                c40 += ISA.MultiplyAddAdjacent(p0, a);
                c41 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 368]).AsInt16();
                c50 += ISA.MultiplyAddAdjacent(p0, a);
                c51 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 432]).AsInt16();
                c60 += ISA.MultiplyAddAdjacent(p0, a);
                c61 += ISA.MultiplyAddAdjacent(p1, a);
                a = Vec.Create(v[w + 496]).AsInt16();
                c70 += ISA.MultiplyAddAdjacent(p0, a);
                c71 += ISA.MultiplyAddAdjacent(p1, a);
            }

            VecF w0 = Vec.Load(rowScales), w1 = Vec.Load(rowScales + VecF.Count);
            VecF b0 = Vec.Load(rowBiases), b1 = Vec.Load(rowBiases + VecF.Count);
            Add(sums, Vec.ConvertToSingle(c00), Vec.ConvertToSingle(c01), Vec.Create(xScales[0]), Vec.Create(xSums[0]), w0, w1, b0, b1);
            Add(sums + Loader.Rows, Vec.ConvertToSingle(c10), Vec.ConvertToSingle(c11), Vec.Create(xScales[1]), Vec.Create(xSums[1]), w0, w1, b0, b1);
            Add(sums + (2 * Loader.Rows), Vec.ConvertToSingle(c20), Vec.ConvertToSingle(c21), Vec.Create(xScales[2]), Vec.Create(xSums[2]), w0, w1, b0, b1);
            Add(sums + (3 * Loader.Rows), Vec.ConvertToSingle(c30), Vec.ConvertToSingle(c31), Vec.Create(xScales[3]), Vec.Create(xSums[3]), w0, w1, b0, b1);
            Add(sums + (4 * Loader.Rows), Vec.ConvertToSingle(c40), Vec.ConvertToSingle(c41), Vec.Create(xScales[4]), Vec.Create(xSums[4]), w0, w1, b0, b1);
            Add(sums + (5 * Loader.Rows), Vec.ConvertToSingle(c50), Vec.ConvertToSingle(c51), Vec.Create(xScales[5]), Vec.Create(xSums[5]), w0, w1, b0, b1);
            Add(sums + (6 * Loader.Rows), Vec.ConvertToSingle(c60), Vec.ConvertToSingle(c61), Vec.Create(xScales[6]), Vec.Create(xSums[6]), w0, w1, b0, b1);
            Add(sums + (7 * Loader.Rows), Vec.ConvertToSingle(c70), Vec.ConvertToSingle(c71), Vec.Create(xScales[7]), Vec.Create(xSums[7]), w0, w1, b0, b1);
            xScales += tokens;
            xSums += tokens;
            rowScales += Loader.Rows;
            rowBiases += Loader.Rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* sums, VecF dot0, VecF dot1, VecF scale, VecF sum, VecF w0, VecF w1, VecF b0, VecF b1)
    {
        Vec.FusedMultiplyAdd(sum, b0, Vec.FusedMultiplyAdd(dot0 * scale, w0, Vec.Load(sums))).Store(sums);
        Vec.FusedMultiplyAdd(sum, b1, Vec.FusedMultiplyAdd(dot1 * scale, w1, Vec.Load(sums + VecF.Count))).Store(sums + VecF.Count);
    }
}
