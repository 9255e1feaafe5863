using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Loader = ManagedGemma.Kernels.Int4.Int4PanelLoader<ManagedGemma.Kernels.Int4.WordTransposeVector128>;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;
using VecS = System.Runtime.Intrinsics.Vector128<short>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Four tokens by 8 rows: weight pairs (i, i + 4 of a word) times the pairs of one token, broadcast; 64 products of at most 15 · 32767
/// fit an int32. The float sums stay in scratch: the integer sums fill the registers.
/// </summary>
/// <typeparam name="TDot">The instructions that multiply.</typeparam>
internal abstract unsafe class Int4PanelInt16By128<TDot>() : Int4TiledPanel(Loader.Rows, TileTokens)
    where TDot : struct, IInt16Dot128
{
    private const int TileTokens = 4;
    private const int BlockBytes = 256;

    protected sealed override void Load(in Int4Rows rows, int first, int groups, in Int4PanelScratch panel) => Loader.Load(rows, first, groups, panel);

    [MethodImpl(KernelMethod.Options)]
    protected sealed override void Tile(
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
            VecI c00 = VecI.Zero, c01 = VecI.Zero, d00 = VecI.Zero, d01 = VecI.Zero;
            VecI c10 = VecI.Zero, c11 = VecI.Zero, d10 = VecI.Zero, d11 = VecI.Zero;
            VecI c20 = VecI.Zero, c21 = VecI.Zero, d20 = VecI.Zero, d21 = VecI.Zero;
            VecI c30 = VecI.Zero, c31 = VecI.Zero, d30 = VecI.Zero, d31 = VecI.Zero;
            for (nint w = 0; w < Int4Rows.GroupWords; w++, nibbles += 2 * Loader.Rows)
            {
                VecI u0 = Vec.Load(nibbles), u1 = Vec.Load(nibbles + VecI.Count);
                VecS p0 = (u0 & Vec.Create(0x00FF00FF)).AsInt16(), p1 = (u1 & Vec.Create(0x00FF00FF)).AsInt16();
                VecS a = Vec.Create(v[w]).AsInt16();
                TDot.Add(p0, a, ref c00, ref d00);
                TDot.Add(p1, a, ref c01, ref d01);
                a = Vec.Create(v[w + 64]).AsInt16();
                TDot.Add(p0, a, ref c10, ref d10);
                TDot.Add(p1, a, ref c11, ref d11);
                a = Vec.Create(v[w + 128]).AsInt16();
                TDot.Add(p0, a, ref c20, ref d20);
                TDot.Add(p1, a, ref c21, ref d21);
                a = Vec.Create(v[w + 192]).AsInt16();
                TDot.Add(p0, a, ref c30, ref d30);
                TDot.Add(p1, a, ref c31, ref d31);
                p0 = u0.AsInt16() >>> 8;
                p1 = u1.AsInt16() >>> 8;
                a = Vec.Create(v[w + 32]).AsInt16();
                TDot.Add(p0, a, ref c00, ref d00);
                TDot.Add(p1, a, ref c01, ref d01);
                a = Vec.Create(v[w + 96]).AsInt16();
                TDot.Add(p0, a, ref c10, ref d10);
                TDot.Add(p1, a, ref c11, ref d11);
                a = Vec.Create(v[w + 160]).AsInt16();
                TDot.Add(p0, a, ref c20, ref d20);
                TDot.Add(p1, a, ref c21, ref d21);
                a = Vec.Create(v[w + 224]).AsInt16();
                TDot.Add(p0, a, ref c30, ref d30);
                TDot.Add(p1, a, ref c31, ref d31);
                u0 = Vec.Load(nibbles + Loader.Rows);
                u1 = Vec.Load(nibbles + Loader.Rows + VecI.Count);
                p0 = (u0 & Vec.Create(0x00FF00FF)).AsInt16();
                p1 = (u1 & Vec.Create(0x00FF00FF)).AsInt16();
                a = Vec.Create(v[w + 16]).AsInt16();
                TDot.Add(p0, a, ref c00, ref d00);
                TDot.Add(p1, a, ref c01, ref d01);
                a = Vec.Create(v[w + 80]).AsInt16();
                TDot.Add(p0, a, ref c10, ref d10);
                TDot.Add(p1, a, ref c11, ref d11);
                a = Vec.Create(v[w + 144]).AsInt16();
                TDot.Add(p0, a, ref c20, ref d20);
                TDot.Add(p1, a, ref c21, ref d21);
                a = Vec.Create(v[w + 208]).AsInt16();
                TDot.Add(p0, a, ref c30, ref d30);
                TDot.Add(p1, a, ref c31, ref d31);
                p0 = u0.AsInt16() >>> 8;
                p1 = u1.AsInt16() >>> 8;
                a = Vec.Create(v[w + 48]).AsInt16();
                TDot.Add(p0, a, ref c00, ref d00);
                TDot.Add(p1, a, ref c01, ref d01);
                a = Vec.Create(v[w + 112]).AsInt16();
                TDot.Add(p0, a, ref c10, ref d10);
                TDot.Add(p1, a, ref c11, ref d11);
                a = Vec.Create(v[w + 176]).AsInt16();
                TDot.Add(p0, a, ref c20, ref d20);
                TDot.Add(p1, a, ref c21, ref d21);
                a = Vec.Create(v[w + 240]).AsInt16();
                TDot.Add(p0, a, ref c30, ref d30);
                TDot.Add(p1, a, ref c31, ref d31);
            }

            VecF w0 = Vec.Load(rowScales), w1 = Vec.Load(rowScales + VecF.Count);
            VecF b0 = Vec.Load(rowBiases), b1 = Vec.Load(rowBiases + VecF.Count);
            Add(sums, TDot.Total(c00, d00), TDot.Total(c01, d01), Vec.Create(xScales[0]), Vec.Create(xSums[0]), w0, w1, b0, b1);
            Add(sums + Loader.Rows, TDot.Total(c10, d10), TDot.Total(c11, d11), Vec.Create(xScales[1]), Vec.Create(xSums[1]), w0, w1, b0, b1);
            Add(sums + (2 * Loader.Rows), TDot.Total(c20, d20), TDot.Total(c21, d21), Vec.Create(xScales[2]), Vec.Create(xSums[2]), w0, w1, b0, b1);
            Add(sums + (3 * Loader.Rows), TDot.Total(c30, d30), TDot.Total(c31, d31), Vec.Create(xScales[3]), Vec.Create(xSums[3]), w0, w1, b0, b1);
            xScales += tokens;
            xSums += tokens;
            rowScales += Loader.Rows;
            rowBiases += Loader.Rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* sums, VecI dot0, VecI dot1, VecF scale, VecF sum, VecF w0, VecF w1, VecF b0, VecF b1)
    {
        Fused128.MultiplyAdd(sum, b0, Fused128.MultiplyAdd(Vec.ConvertToSingle(dot0) * scale, w0, Vec.Load(sums))).Store(sums);
        Fused128.MultiplyAdd(sum, b1, Fused128.MultiplyAdd(Vec.ConvertToSingle(dot1) * scale, w1, Vec.Load(sums + VecF.Count))).Store(sums + VecF.Count);
    }
}
