using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecF = System.Runtime.Intrinsics.Vector128<float>;

namespace ManagedGemma.Kernels.FloatMatMul;

/// <summary>
/// A tile of 6 rows by 2 vectors of columns in registers: 12 accumulators, each element of X broadcast once for two
/// vectors of W. A last tile of fewer rows repeats its last row (the same sums, stored twice over).
/// </summary>
internal sealed unsafe class FloatMatMulVector128 : IFloatMatMul
{
    private const int TileRows = 6;

    private static readonly FloatMatMulEstimate Narrow = new();

    public void Multiply(float* x, nint xStride, int rows, float* w, nint wStride, int depth, float* y, nint yStride, int columns, bool accumulate)
    {
        int column = 0;
        for (; column + (2 * VecF.Count) <= columns; column += 2 * VecF.Count)
        {
            int row = 0;
            for (; rows - row > 1; row += TileRows)
            {
                int count = Math.Min(TileRows, rows - row);
                Tile(x + (row * xStride), xStride, count, w + column, wStride, depth, y + (row * yStride) + column, yStride, accumulate);
            }

            if (row < rows)
            {
                Row(x + (row * xStride), w + column, wStride, depth, y + (row * yStride) + column, accumulate);
            }
        }

        if (column < columns)
        {
            Narrow.Multiply(x, xStride, rows, w + column, wStride, depth, y + column, yStride, columns - column, accumulate);
        }
    }

    [MethodImpl(KernelMethod.Options)]
    private static void Tile(float* x, nint xStride, int rows, float* w, nint wStride, int depth, float* y, nint yStride, bool accumulate)
    {
        int last = rows - 1;
        nint r1 = Math.Min(1, last), r2 = Math.Min(2, last), r3 = Math.Min(3, last), r4 = Math.Min(4, last), r5 = Math.Min(5, last);
        float* x0 = x;
        float* x1 = x + (r1 * xStride);
        float* x2 = x + (r2 * xStride);
        float* x3 = x + (r3 * xStride);
        float* x4 = x + (r4 * xStride);
        float* x5 = x + (r5 * xStride);
        float* y0 = y;
        float* y1 = y + (r1 * yStride);
        float* y2 = y + (r2 * yStride);
        float* y3 = y + (r3 * yStride);
        float* y4 = y + (r4 * yStride);
        float* y5 = y + (r5 * yStride);
        VecF s00 = VecF.Zero, s01 = VecF.Zero;
        VecF s10 = VecF.Zero, s11 = VecF.Zero;
        VecF s20 = VecF.Zero, s21 = VecF.Zero;
        VecF s30 = VecF.Zero, s31 = VecF.Zero;
        VecF s40 = VecF.Zero, s41 = VecF.Zero;
        VecF s50 = VecF.Zero, s51 = VecF.Zero;
        if (accumulate)
        {
            s00 = Vec.Load(y0);
            s01 = Vec.Load(y0 + VecF.Count);
            s10 = Vec.Load(y1);
            s11 = Vec.Load(y1 + VecF.Count);
            s20 = Vec.Load(y2);
            s21 = Vec.Load(y2 + VecF.Count);
            s30 = Vec.Load(y3);
            s31 = Vec.Load(y3 + VecF.Count);
            s40 = Vec.Load(y4);
            s41 = Vec.Load(y4 + VecF.Count);
            s50 = Vec.Load(y5);
            s51 = Vec.Load(y5 + VecF.Count);
        }

        for (nint k = 0; k < depth; k++, w += wStride)
        {
            VecF w0 = Vec.Load(w), w1 = Vec.Load(w + VecF.Count);
            VecF b = Vec.Create(x0[k]);
            s00 = Vec.MultiplyAddEstimate(b, w0, s00);
            s01 = Vec.MultiplyAddEstimate(b, w1, s01);
            b = Vec.Create(x1[k]);
            s10 = Vec.MultiplyAddEstimate(b, w0, s10);
            s11 = Vec.MultiplyAddEstimate(b, w1, s11);
            b = Vec.Create(x2[k]);
            s20 = Vec.MultiplyAddEstimate(b, w0, s20);
            s21 = Vec.MultiplyAddEstimate(b, w1, s21);
            b = Vec.Create(x3[k]);
            s30 = Vec.MultiplyAddEstimate(b, w0, s30);
            s31 = Vec.MultiplyAddEstimate(b, w1, s31);
            b = Vec.Create(x4[k]);
            s40 = Vec.MultiplyAddEstimate(b, w0, s40);
            s41 = Vec.MultiplyAddEstimate(b, w1, s41);
            b = Vec.Create(x5[k]);
            s50 = Vec.MultiplyAddEstimate(b, w0, s50);
            s51 = Vec.MultiplyAddEstimate(b, w1, s51);
        }

        s00.Store(y0);
        s01.Store(y0 + VecF.Count);
        s10.Store(y1);
        s11.Store(y1 + VecF.Count);
        s20.Store(y2);
        s21.Store(y2 + VecF.Count);
        s30.Store(y3);
        s31.Store(y3 + VecF.Count);
        s40.Store(y4);
        s41.Store(y4 + VecF.Count);
        s50.Store(y5);
        s51.Store(y5 + VecF.Count);
    }

    [MethodImpl(KernelMethod.Options)]
    private static void Row(float* x, float* w, nint wStride, int depth, float* y, bool accumulate)
    {
        VecF s0 = VecF.Zero, s1 = VecF.Zero;
        if (accumulate)
        {
            s0 = Vec.Load(y);
            s1 = Vec.Load(y + VecF.Count);
        }

        for (nint k = 0; k < depth; k++, w += wStride)
        {
            VecF b = Vec.Create(x[k]);
            s0 = Vec.MultiplyAddEstimate(b, Vec.Load(w), s0);
            s1 = Vec.MultiplyAddEstimate(b, Vec.Load(w + VecF.Count), s1);
        }

        s0.Store(y);
        s1.Store(y + VecF.Count);
    }
}
