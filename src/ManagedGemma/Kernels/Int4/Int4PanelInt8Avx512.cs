using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Loader = ManagedGemma.Kernels.Int4.Int4PanelLoaderAvx512;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecI = System.Runtime.Intrinsics.Vector512<int>;
using VecS = System.Runtime.Intrinsics.Vector512<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// 4 tokens by 32 rows: vpmaddubsw of four weights with four activations of one token, broadcast. A pair is at most
/// 15 · 127 · 2 = 3810, so the eight pairs of 32 elements are added in int16 before they are widened.
/// </summary>
internal sealed unsafe class Int4PanelInt8Avx512 : IInt4Panel
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

            int* x0 = (int*)(values + ((nint)(group >> 1) * 128) + ((group & 1) * 32));
            int* x1 = (int*)((byte*)x0 + valueStride);
            int* x2 = (int*)((byte*)x1 + valueStride);
            int* x3 = (int*)((byte*)x2 + valueStride);
            VecF w0 = Vec.Load(rowScales), w1 = Vec.Load(rowScales + VecF.Count);
            for (nint half = 0; half < Int4Rows.GroupWords; half += Int4Rows.GroupWords / 2)
            {
                VecS c00 = VecS.Zero, c01 = VecS.Zero, c10 = VecS.Zero, c11 = VecS.Zero;
                VecS c20 = VecS.Zero, c21 = VecS.Zero, c30 = VecS.Zero, c31 = VecS.Zero;
                for (nint w = half; w < half + (Int4Rows.GroupWords / 2); w++, words += Loader.Rows)
                {
                    VecI v0 = Vec.Load(words), v1 = Vec.Load(words + VecI.Count);
                    Vector512<byte> p0 = (v0 & Vec.Create(0x0F0F0F0F)).AsByte(), p1 = (v1 & Vec.Create(0x0F0F0F0F)).AsByte();
                    Vector512<sbyte> x = Vec.Create(x0[w]).AsSByte();
                    c00 += ISA.MultiplyAddAdjacent(p0, x);
                    c01 += ISA.MultiplyAddAdjacent(p1, x);
                    x = Vec.Create(x1[w]).AsSByte();
                    c10 += ISA.MultiplyAddAdjacent(p0, x);
                    c11 += ISA.MultiplyAddAdjacent(p1, x);
                    x = Vec.Create(x2[w]).AsSByte();
                    c20 += ISA.MultiplyAddAdjacent(p0, x);
                    c21 += ISA.MultiplyAddAdjacent(p1, x);
                    x = Vec.Create(x3[w]).AsSByte();
                    c30 += ISA.MultiplyAddAdjacent(p0, x);
                    c31 += ISA.MultiplyAddAdjacent(p1, x);
                    p0 = ((v0 >>> 4) & Vec.Create(0x0F0F0F0F)).AsByte();
                    p1 = ((v1 >>> 4) & Vec.Create(0x0F0F0F0F)).AsByte();
                    x = Vec.Create(x0[w + 16]).AsSByte();
                    c00 += ISA.MultiplyAddAdjacent(p0, x);
                    c01 += ISA.MultiplyAddAdjacent(p1, x);
                    x = Vec.Create(x1[w + 16]).AsSByte();
                    c10 += ISA.MultiplyAddAdjacent(p0, x);
                    c11 += ISA.MultiplyAddAdjacent(p1, x);
                    x = Vec.Create(x2[w + 16]).AsSByte();
                    c20 += ISA.MultiplyAddAdjacent(p0, x);
                    c21 += ISA.MultiplyAddAdjacent(p1, x);
                    x = Vec.Create(x3[w + 16]).AsSByte();
                    c30 += ISA.MultiplyAddAdjacent(p0, x);
                    c31 += ISA.MultiplyAddAdjacent(p1, x);
                }

                VecF scale = Vec.Create(scales[0]);
                s00 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c00, VecS.One)) * scale, w0, s00);
                s01 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c01, VecS.One)) * scale, w1, s01);
                scale = Vec.Create(scales[1]);
                s10 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c10, VecS.One)) * scale, w0, s10);
                s11 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c11, VecS.One)) * scale, w1, s11);
                scale = Vec.Create(scales[2]);
                s20 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c20, VecS.One)) * scale, w0, s20);
                s21 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c21, VecS.One)) * scale, w1, s21);
                scale = Vec.Create(scales[3]);
                s30 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c30, VecS.One)) * scale, w0, s30);
                s31 = Vec.FusedMultiplyAdd(Vec.ConvertToSingle(ISA.MultiplyAddAdjacent(c31, VecS.One)) * scale, w1, s31);
                scales += QuantizedActivations.TileTokens;
            }

            VecF b0 = Vec.Load(rowBiases), b1 = Vec.Load(rowBiases + VecF.Count);
            VecF sum = Vec.Create(sums[0]);
            s00 = Vec.FusedMultiplyAdd(sum, b0, s00);
            s01 = Vec.FusedMultiplyAdd(sum, b1, s01);
            sum = Vec.Create(sums[1]);
            s10 = Vec.FusedMultiplyAdd(sum, b0, s10);
            s11 = Vec.FusedMultiplyAdd(sum, b1, s11);
            sum = Vec.Create(sums[2]);
            s20 = Vec.FusedMultiplyAdd(sum, b0, s20);
            s21 = Vec.FusedMultiplyAdd(sum, b1, s21);
            sum = Vec.Create(sums[3]);
            s30 = Vec.FusedMultiplyAdd(sum, b0, s30);
            s31 = Vec.FusedMultiplyAdd(sum, b1, s31);
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
