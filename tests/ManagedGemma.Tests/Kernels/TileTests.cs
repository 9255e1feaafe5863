using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.FloatDot;
using ManagedGemma.Kernels.TileTranspose;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Kernels;

/// <summary>What carries unpacked weights into the float32 product: the tile, and the dot product for single tokens.</summary>
public unsafe class TileTests
{
    [Property(MaxTest = 150)]
    public Property A_tile_is_its_rows_transposed() => Prop.ForAll(
        (from seed in Gen.Choose(0, int.MaxValue - 1)
         from count in Gen.Choose(1, ITileTranspose.TileRows)
         from columns in Gen.Choose(1, 70)
         from padding in Gen.Choose(0, 9)
         select (seed, count, columns, padding)).ToArbitrary(),
        c => Nasty.Tables.All(table =>
        {
            int room = (c.columns + ITileTranspose.ColumnMultiple - 1) / ITileTranspose.ColumnMultiple * ITileTranspose.ColumnMultiple, stride = room + c.padding;
            float[] rows = Nasty.Floats(c.seed, c.count * stride);
            float[] tile = new float[(room * ITileTranspose.TileRows) + 1];
            tile[^1] = 12345;
            fixed (float* source = rows, target = tile)
            {
                table.TileTranspose.Transpose(source, stride, c.count, c.columns, target);
            }

            return tile[^1] == 12345 && Enumerable.Range(0, c.count * c.columns).All(i =>
                tile[(i % c.columns * ITileTranspose.TileRows) + (i / c.columns)].Equals(rows[(i / c.columns * stride) + (i % c.columns)]));
        }));

    [Property(MaxTest = 200)]
    public Property Dot_products_agree_bit_for_bit() => Prop.ForAll(Shapes, c =>
    {
        float[] w = Nasty.Floats(c.Seed, c.Columns), x = Nasty.Floats(c.Seed + 1, c.Columns);
        float reference = Dot(Nasty.Tables[0], w, x);
        return Nasty.Tables.All(table => Nasty.SameChain(reference, Dot(table, w, x), (c.Columns / IFloatDot.Sums) + 7, () => w.Zip(x, (a, b) => Math.Abs((double)a * b)).Sum()));
    });

    // A product of 64 chains: each rounds once a column of its own and six times at the end.
    [Property(MaxTest = 100)]
    public Property A_dot_product_is_as_close_to_the_double_product_as_its_roundings_allow() => Prop.ForAll(Shapes, c =>
    {
        float[] w = Nasty.Uniform(c.Seed, c.Columns), x = Nasty.Uniform(c.Seed + 1, c.Columns);
        double sum = w.Zip(x, (a, b) => (double)a * b).Sum(), magnitude = w.Zip(x, (a, b) => Math.Abs((double)a * b)).Sum();
        double roundings = ((c.Columns + IFloatDot.Sums - 1) / IFloatDot.Sums) + 6;
        return Math.Abs(Dot(Nasty.Tables[0], w, x) - sum) <= (roundings + 1) * Math.Pow(2, -24) * magnitude;
    });

    [Fact]
    public void Not_a_number_stays_one()
    {
        float[] w = Nasty.Uniform(1, 130), x = Nasty.Uniform(2, 130);
        foreach (int place in new[] { 0, 63, 64, 127, 129 })
        {
            float[] bad = [.. x];
            bad[place] = float.NaN;
            Assert.All(Nasty.Tables, table => Assert.True(float.IsNaN(Dot(table, w, bad))));
        }
    }

    private static Arbitrary<(int Seed, int Columns)> Shapes { get; } =
        (from seed in Gen.Choose(0, int.MaxValue - 2)
         from columns in Gen.OneOf(Gen.Choose(1, 130), Gen.Choose(131, 700))
         select (seed, columns)).ToArbitrary();

    private static float Dot(KernelTable table, float[] w, float[] x)
    {
        using GuardedMemory weights = new(System.Runtime.InteropServices.MemoryMarshal.AsBytes(w.AsSpan()).ToArray());
        using GuardedMemory token = new(System.Runtime.InteropServices.MemoryMarshal.AsBytes(x.AsSpan()).ToArray());
        return table.FloatDot.Dot((float*)weights.Pointer, (float*)token.Pointer, w.Length);
    }
}
