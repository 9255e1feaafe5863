using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.Avx2;
using Loader = ManagedGemma.Kernels.Int4.Int4PanelLoaderAvx2;
using Vec = System.Runtime.Intrinsics.Vector256;
using VecF = System.Runtime.Intrinsics.Vector256<float>;
using VecI = System.Runtime.Intrinsics.Vector256<int>;
using VecS = System.Runtime.Intrinsics.Vector256<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// 4 tokens by 16 rows: vpmaddwd of weight pairs (i, i + 4 of a word) with the pairs of one token, broadcast; 64 products
/// of at most 15 · 32767 fit an int32.
/// </summary>
internal sealed unsafe class Int4PanelInt16Avx2 : IInt4Panel
{
    public int PanelRows => Loader.Rows;

    public nuint ScratchBytes(int groups) => Int4PanelScratch.Bytes(groups, Loader.Rows);

    public void Multiply(in Int4Rows rows, QuantizedActivations x, byte* scratch, float* y, nint yStride)
    {
        Int4PanelScratch panel = new(scratch, rows.Groups, Loader.Rows);
        Loader.Load(rows, panel);
        PanelPrefetch ahead = new(rows, x.Tiles);
        for (int tile = 0; tile < x.Tiles; tile++)
        {
            int token = tile * QuantizedActivations.TileTokens;
            byte* values = x.Values(token);
            if (rows.Count == Loader.Rows && token + QuantizedActivations.TileTokens <= x.Tokens)
            {
                Tile(panel, rows.Groups, ahead.For(tile), ahead.LinesFor(tile), values, x.ValueStride, x.TileScales(tile), x.TileSums(tile), y + (token * yStride), yStride);
            }
            else
            {
                Tile(panel, rows.Groups, ahead.For(tile), ahead.LinesFor(tile), values, x.ValueStride, x.TileScales(tile), x.TileSums(tile), panel.Tile, Loader.Rows);
                panel.CopyTile(Loader.Rows, y + (token * yStride), yStride, Math.Min(QuantizedActivations.TileTokens, x.Tokens - token), rows.Count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(
        in Int4PanelScratch panel, int groups, byte* ahead, int aheadLines, byte* values, nint valueStride, float* scales, float* sums, float* y, nint yStride)
    {
        int* words = (int*)panel.Words;
        float* rowScales = panel.Scales;
        float* rowBiases = panel.Biases;
        VecF s00 = VecF.Zero, s01 = VecF.Zero, s10 = VecF.Zero, s11 = VecF.Zero;
        VecF s20 = VecF.Zero, s21 = VecF.Zero, s30 = VecF.Zero, s31 = VecF.Zero;
        for (int group = 0; group < groups; group++)
        {
            for (int line = 0; line < aheadLines; line++, ahead += PanelPrefetch.LineBytes)
            {
                Sse.Prefetch1(ahead);
            }

            int* x0 = (int*)(values + ((nint)(group >> 1) * 256) + ((group & 1) * 32));
            int* x1 = (int*)((byte*)x0 + valueStride);
            int* x2 = (int*)((byte*)x1 + valueStride);
            int* x3 = (int*)((byte*)x2 + valueStride);
            VecI c00 = VecI.Zero, c01 = VecI.Zero, c10 = VecI.Zero, c11 = VecI.Zero;
            VecI c20 = VecI.Zero, c21 = VecI.Zero, c30 = VecI.Zero, c31 = VecI.Zero;
            for (nint w = 0; w < Int4Rows.GroupWords; w++, words += Loader.Rows)
            {
                VecI v0 = Vec.Load(words), v1 = Vec.Load(words + VecI.Count);
                VecS p0 = (v0 & Vec.Create(0x000F000F)).AsInt16(), p1 = (v1 & Vec.Create(0x000F000F)).AsInt16();
                VecS x = Vec.Create(x0[w]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, x);
                c01 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x1[w]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, x);
                c11 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x2[w]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, x);
                c21 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x3[w]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, x);
                c31 += ISA.MultiplyAddAdjacent(p1, x);
                p0 = ((v0 >>> 4) & Vec.Create(0x000F000F)).AsInt16();
                p1 = ((v1 >>> 4) & Vec.Create(0x000F000F)).AsInt16();
                x = Vec.Create(x0[w + 16]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, x);
                c01 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x1[w + 16]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, x);
                c11 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x2[w + 16]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, x);
                c21 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x3[w + 16]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, x);
                c31 += ISA.MultiplyAddAdjacent(p1, x);
                p0 = ((v0 >>> 8) & Vec.Create(0x000F000F)).AsInt16();
                p1 = ((v1 >>> 8) & Vec.Create(0x000F000F)).AsInt16();
                x = Vec.Create(x0[w + 32]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, x);
                c01 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x1[w + 32]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, x);
                c11 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x2[w + 32]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, x);
                c21 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x3[w + 32]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, x);
                c31 += ISA.MultiplyAddAdjacent(p1, x);
                p0 = ((v0 >>> 12) & Vec.Create(0x000F000F)).AsInt16();
                p1 = ((v1 >>> 12) & Vec.Create(0x000F000F)).AsInt16();
                x = Vec.Create(x0[w + 48]).AsInt16();
                c00 += ISA.MultiplyAddAdjacent(p0, x);
                c01 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x1[w + 48]).AsInt16();
                c10 += ISA.MultiplyAddAdjacent(p0, x);
                c11 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x2[w + 48]).AsInt16();
                c20 += ISA.MultiplyAddAdjacent(p0, x);
                c21 += ISA.MultiplyAddAdjacent(p1, x);
                x = Vec.Create(x3[w + 48]).AsInt16();
                c30 += ISA.MultiplyAddAdjacent(p0, x);
                c31 += ISA.MultiplyAddAdjacent(p1, x);
            }

            VecF w0 = Vec.Load(rowScales), w1 = Vec.Load(rowScales + VecF.Count);
            VecF b0 = Vec.Load(rowBiases), b1 = Vec.Load(rowBiases + VecF.Count);
            VecF scale = Vec.Create(scales[0]), sum = Vec.Create(sums[0]);
            s00 = Vec.FusedMultiplyAdd(sum, b0, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c00) * scale, w0, s00));
            s01 = Vec.FusedMultiplyAdd(sum, b1, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c01) * scale, w1, s01));
            scale = Vec.Create(scales[1]);
            sum = Vec.Create(sums[1]);
            s10 = Vec.FusedMultiplyAdd(sum, b0, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c10) * scale, w0, s10));
            s11 = Vec.FusedMultiplyAdd(sum, b1, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c11) * scale, w1, s11));
            scale = Vec.Create(scales[2]);
            sum = Vec.Create(sums[2]);
            s20 = Vec.FusedMultiplyAdd(sum, b0, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c20) * scale, w0, s20));
            s21 = Vec.FusedMultiplyAdd(sum, b1, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c21) * scale, w1, s21));
            scale = Vec.Create(scales[3]);
            sum = Vec.Create(sums[3]);
            s30 = Vec.FusedMultiplyAdd(sum, b0, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c30) * scale, w0, s30));
            s31 = Vec.FusedMultiplyAdd(sum, b1, Vec.FusedMultiplyAdd(Vec.ConvertToSingle(c31) * scale, w1, s31));
            scales += 2 * QuantizedActivations.TileTokens;
            sums += QuantizedActivations.TileTokens;
            rowScales += Loader.Rows;
            rowBiases += Loader.Rows;
        }

        s00.Store(y);
        s01.Store(y + VecF.Count);
        s10.Store(y + yStride);
        s11.Store(y + yStride + VecF.Count);
        s20.Store(y + (2 * yStride));
        s21.Store(y + (2 * yStride) + VecF.Count);
        s30.Store(y + (3 * yStride));
        s31.Store(y + (3 * yStride) + VecF.Count);
    }
}
