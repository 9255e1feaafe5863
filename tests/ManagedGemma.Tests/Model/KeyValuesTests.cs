using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Model;

namespace ManagedGemma.Tests.Model;

/// <summary>Pages of keys and values: rings, forks, steps back.</summary>
public class KeyValuesTests
{
    private static readonly AttentionShape Shape = new(2, 1, 4);

    // A sequence that grows by any numbers and is set back as far as it may, its forks with it, each with content of its own: what a query
    // sees is always what was written last.
    [Property(MaxTest = 200)]
    public Property What_a_query_sees_is_what_was_written_last() => Prop.ForAll(
        (from window in Gen.Elements(1, 16, 32, 33, 64, int.MaxValue)
         from steps in Gen.ListOf(Gen.Choose(1, 70))
         from backs in Gen.ListOf(Gen.Choose(0, 6))
         select (window, steps.ToArray(), backs.ToArray())).ToArbitrary(),
        c =>
        {
            (int window, int[] steps, int[] backs) = c;
            List<(KeyValues Cache, List<float> Content)> all = [(new KeyValues(Shape, window), [])];
            float[] row = new float[Shape.KeySize];
            float next = 1;
            for (int i = 0; i < steps.Length; i++)
            {
                int which = i % all.Count;
                (KeyValues cache, List<float> content) = all[which];
                int start = Math.Max(0, content.Count - (backs.Length > 0 ? backs[i % backs.Length] : 0));
                if (!cache.CanContinueAt(start))
                {
                    return false;
                }

                if (i % 5 == 3 && all.Count < 4)
                {
                    all.Add((cache.Fork(start), content[..start]));
                    (cache, content) = all[^1];
                }

                content.RemoveRange(start, content.Count - start);
                cache.Reserve(start, start + steps[i]);
                for (int position = start; position < start + steps[i]; position++)
                {
                    cache.WriteKey(position, [next, 0, 0, -next]);
                    cache.WriteValue(position, [next, 1, 2, next]);
                    content.Add(next++);
                }

                foreach ((KeyValues kept, List<float> expected) in all)
                {
                    for (int position = (int)Math.Max(0, (long)expected.Count - window); position < expected.Count; position++)
                    {
                        kept.ReadKey(position, row);
                        bool same = row[0] == expected[position] && row[3] == -expected[position];
                        kept.ReadValue(position, row);
                        if (!same || row[0] != expected[position] || row[3] != expected[position])
                        {
                            return false;
                        }
                    }
                }
            }

            all.ForEach(one => one.Cache.Dispose());
            return true;
        });

    [Fact]
    public void A_ring_holds_its_window_and_a_few_pages()
    {
        using KeyValues ring = new(Shape, window: 512), full = new(Shape);
        long page = KeyValues.TokenBytes(Shape) * KeyValues.PageTokens;
        for (int position = 0; position < 3000; position++)
        {
            ring.Reserve(position, position + 1);
            full.Reserve(position, position + 1);
            Assert.InRange(ring.ByteLength, page, ((512 / KeyValues.PageTokens) + 4) * page);
        }

        Assert.Equal(KeyValues.Pages(3000) * page, full.ByteLength);
        Assert.False(ring.CanContinueAt(2900));
        Assert.True(ring.CanContinueAt(2970));
        Assert.True(full.CanContinueAt(1));
    }
}
