using ManagedGemma.Caching;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Caching;

public sealed class ResultCacheTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Location => _directory["cache"];

    private string[] Files => Directory.Exists(Location) ? Directory.GetFiles(Location, "*", SearchOption.AllDirectories) : [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_was_written_is_read_bit_for_bit()
    {
        CachedTensor[] tensors =
        [
            CachedTensor.Of<float>(ElementType.F32, new float[] { 1, -0f, float.Epsilon, float.NaN, float.MaxValue, 1e-30f }, 2, 3),
            CachedTensor.Of(ElementType.U16, "odd".AsMemory(), 3),
            CachedTensor.Of<float>(ElementType.F32, Array.Empty<float>(), 0, 5),
            CachedTensor.Of<long>(ElementType.I64, new long[] { long.MinValue }),
        ];
        ResultCache cache = new(Location);
        Assert.Null(Read(cache, 1));
        Assert.False(Directory.Exists(Location));
        cache.Write(Name(1), tensors);
        IReadOnlyList<CachedTensor> read = Read(new ResultCache(Location), 1)!;
        Assert.Equal(tensors.Select(x => x.ElementType), read.Select(x => x.ElementType));
        Assert.Equal(tensors.Select(x => x.Shape), read.Select(x => x.Shape));
        Assert.Equal(tensors.Select(x => x.Bytes.ToArray()), read.Select(x => x.Bytes.ToArray()));
        Assert.Equal("odd", new string(read[1].ToArray<char>()));
        Assert.Null(Read(cache, 2));
        Assert.Null(cache.Problem);
    }

    [Fact]
    public void An_entry_of_another_kind_is_damaged()
    {
        ResultCache cache = new(Location);
        cache.Write(Name(1), Rows(1));
        Assert.Null(cache.Read(Name(1), tensors => tensors.Count == 2 ? tensors : null));
        Assert.Equal((0, 1), (cache.Hits, cache.Damaged));
        Assert.Empty(Files);
    }

    // Every bit of a short entry: of its header, its metadata and its numbers.
    [Fact]
    public void A_damaged_entry_counts_as_missing_and_is_made_again()
    {
        ResultCache cache = new(Location);
        cache.Write(Name(1), Rows(1));
        string path = Assert.Single(Files);
        byte[] whole = File.ReadAllBytes(path);
        int damaged = 0;
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] bytes = [.. whole];
            bytes[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(path, bytes);
            if (Read(cache, 1) is { } read)
            {
                // Spaces that pad the header, or a letter's case where JSON takes either: nothing of the entry has changed.
                Assert.Equal(Rows(1).Bytes.ToArray(), Assert.Single(read).Bytes.ToArray());
                continue;
            }

            damaged++;
            Assert.Empty(Files);
            cache.Write(Name(1), Rows(1));
            Assert.Equal(whole, File.ReadAllBytes(path));
        }

        Assert.Equal(damaged, cache.Damaged);
        Assert.InRange(damaged, whole.Length * 9 / 10, whole.Length);
        foreach (int length in (ReadOnlySpan<int>)[0, 1, 8, whole.Length / 2, whole.Length - 1])
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Null(Read(cache, 1));
            Assert.Empty(Files);
        }

        Assert.Null(cache.Problem);
    }

    [Fact]
    public void An_entry_under_anothers_name_is_damaged()
    {
        ResultCache cache = new(Location);
        cache.Write(Name(1), Rows(1));
        string path = Assert.Single(Files);
        string other = Path.Combine(Path.GetDirectoryName(path)!, Name(2) + ".safetensors");
        File.Move(path, other);
        Assert.Null(Read(cache, 2));
        Assert.Equal(1, cache.Damaged);
    }

    [Fact]
    public void The_least_recently_used_go_first_and_what_is_not_an_entry_stays()
    {
        long entry = CacheEntry.ByteLength([Rows(0)], Name(0));
        ResultCache cache = new(Location, entry * 10);
        Directory.CreateDirectory(Path.Combine(Location, "aa"));
        Directory.CreateDirectory(Path.Combine(Location, "my files"));
        string[] foreign =
        [
            Path.Combine(Location, "features.safetensors"),
            Path.Combine(Location, "aa", "aa.safetensors"),
            Path.Combine(Location, "my files", Name(3) + ".safetensors"),
        ];
        Array.ForEach(foreign, path => File.WriteAllBytes(path, new byte[entry * 20]));
        for (int i = 0; i < 10; i++)
        {
            cache.Write(Name(i), Rows(i));
            Age(i, TimeSpan.FromHours(100 - i));
        }

        // The oldest by date is used, so the next oldest goes.
        Assert.NotNull(Read(cache, 0));
        cache.Write(Name(10), Rows(10));
        int[] left = [.. Enumerable.Range(0, 11).Where(i => cache.Contains(Name(i)))];
        Assert.Equal([0, 3, 4, 5, 6, 7, 8, 9, 10], left);
        Assert.All(foreign, path => Assert.True(File.Exists(path)));
        cache.Write(Name(11), CachedTensor.Of<float>(ElementType.F32, new float[1_000_000], 1_000_000));
        Assert.False(cache.Contains(Name(11)));
        Assert.True(cache.Contains(Name(0)));
    }

    [Fact]
    public void Threads_and_caches_that_share_a_directory_never_see_half_an_entry()
    {
        long entry = CacheEntry.ByteLength([Rows(0)], Name(0));
        ResultCache[] caches = [.. Enumerable.Range(0, 4).Select(_ => new ResultCache(Location, entry * 8))];
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            ResultCache cache = caches[i % caches.Length];

            // Each twice in a row: whoever comes around again finds that the others' entries have taken its place.
            int name = i / 2 * 7919 % 24;
            if (Read(cache, name) is { } tensors)
            {
                Assert.Equal(Rows(name).Bytes.ToArray(), Assert.Single(tensors).Bytes.ToArray());
            }
            else
            {
                cache.Write(Name(name), Rows(name));
            }
        });
        Assert.All(caches, cache => Assert.Null(cache.Problem));
        Assert.All(caches, cache => Assert.Equal(0, cache.Damaged));
        Assert.Contains(caches, cache => cache.Hits > 0);

        // Each but the last writer may exceed the bound by what it writes between two looks.
        Assert.InRange(Files.Length, 1, 8 + caches.Length);
        Assert.All(Files, path => Assert.EndsWith(".safetensors", path, StringComparison.Ordinal));
    }

    [Fact]
    public void A_cache_that_cannot_be_written_fails_nothing()
    {
        File.WriteAllText(Location, "a file");
        ResultCache cache = new(Location);
        cache.Write(Name(1), Rows(1));
        Assert.Null(Read(cache, 1));
        Assert.StartsWith("the cache cannot be written: ", cache.Problem, StringComparison.Ordinal);
        Assert.Equal("a file", File.ReadAllText(Location));
    }

    private static string Name(int i) => Convert.ToHexStringLower([(byte)(i / 4), .. Enumerable.Repeat((byte)i, 31)]);

    private static IReadOnlyList<CachedTensor>? Read(ResultCache cache, int i) => cache.Read(Name(i), tensors => tensors);

    private static CachedTensor Rows(int i) => CachedTensor.Of<float>(ElementType.F32, new float[] { i, 1, 2, 3, 4, 5, 6, 7 }, 2, 4);

    private void Age(int i, TimeSpan age) =>
        File.SetLastWriteTimeUtc(Path.Combine(Location, Name(i)[..2], Name(i) + ".safetensors"), DateTime.UtcNow - age);
}
