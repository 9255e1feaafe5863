using ManagedGemma.Checkpoints;
using ManagedGemma.Memory.Paging;

namespace ManagedGemma.Tests.Memory;

/// <summary>Advice changes when pages are in memory, never what is read; what a system lacks does nothing.</summary>
public class PageAdviceTests
{
    private const int Length = (5 << 20) + 123;

    [Fact]
    public void Bytes_are_the_same_whatever_is_advised()
    {
        using TemporaryDirectory directory = new();
        byte[] content = new byte[Length];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(directory["file"], content);
        using MappedFile file = MappedFile.Open(directory["file"]);
        foreach ((long offset, long length) in new (long, long)[] { (0, Length), (1, 1), (4095, 2), (4096, 4096), (Length - 1, 1), (77, 3 << 20), (9, 0) })
        {
            file.ReadAhead(offset, length);
            file.Release(offset, length);
            AssertBytes(content, file);
        }
    }

    [Fact]
    public void What_was_just_read_is_cached()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllBytes(directory["file"], new byte[Length]);
        using MappedFile file = MappedFile.Open(directory["file"]);
        AssertBytes(new byte[Length], file);

        // Systems that do not tell say either; none may fail.
        Assert.True(file.IsCached(Length / 2) || !OperatingSystem.IsLinux());
    }

    [Fact]
    public unsafe void A_system_without_advice_does_nothing()
    {
        NoPageAdvice advice = new();
        byte value = 42;
        using FileStream stream = File.OpenRead(typeof(PageAdviceTests).Assembly.Location);
        advice.WantLargePages(&value, 1);
        advice.ReadAhead(&value, 1);
        advice.Release(stream.SafeFileHandle, 0, &value, 1);
        Assert.True(advice.IsCached(stream.SafeFileHandle, 0));
        Assert.Equal(42, value);
    }

    [Fact]
    public void Neighbours_become_one_range_and_strangers_do_not()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllBytes(directory["a"], new byte[100]);
        File.WriteAllBytes(directory["b"], new byte[100]);
        using MappedFile a = MappedFile.Open(directory["a"]), b = MappedFile.Open(directory["b"]);
        FileRange[] ranges = [new(a, 60, 10), new(b, 0, 5), new(a, 0, 20), new(a, 22, 8), new(a, 5, 4), new(a, 33, 2)];
        Assert.Equal([new FileRange(a, 0, 30), new(a, 33, 2), new(a, 60, 10), new(b, 0, 5)], FileRange.Merge(ranges, gap: 2));
        Assert.Equal([new FileRange(a, 0, 70), new(b, 0, 5)], FileRange.Merge(ranges, gap: 30));
        Assert.Empty(FileRange.Merge([], gap: 2));
    }

    private static unsafe void AssertBytes(byte[] expected, MappedFile file) =>
        Assert.True(expected.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(file.Pointer, checked((int)file.Length))));
}
