using ManagedGemma.Checkpoints;
using ManagedGemma.Memory.Paging;
using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Tests.Memory;

/// <summary>Each system's advice, as far as it runs on this one; what a system lacks is called once.</summary>
public unsafe class GuardedPageAdviceTests
{
    private const int Length = (3 << 20) + 77;

    public static TheoryData<string> Systems => ["linux", "mac", "windows", "none"];

    [Theory]
    [MemberData(nameof(Systems))]
    public void No_systems_advice_fails_on_another_or_changes_a_byte(string system)
    {
        GuardedPageAdvice advice = new(system switch
        {
            "linux" => new LinuxPageAdvice(),
            "mac" => new MacPageAdvice(),
            "windows" => new WindowsPageAdvice(),
            _ => new NoPageAdvice(),
        });
        using TemporaryDirectory directory = new();
        byte[] content = new byte[Length];
        new Random(2).NextBytes(content);
        File.WriteAllBytes(directory["file"], content);
        using MappedFile file = MappedFile.Open(directory["file"]);
        using SafeFileHandle handle = File.OpenHandle(directory["file"]);
        for (int i = 0; i < 2; i++)
        {
            advice.WantLargePages(file.Pointer, Length);
            advice.ReadAhead(file.Pointer + 5, Length - 5);
            advice.Release(handle, 4096, file.Pointer + 4096, Length - 4096);
            advice.IsCached(handle, Length - 1);
            Assert.True(content.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(file.Pointer, Length)));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_missing_function_is_called_once(bool isLibraryMissing)
    {
        Lacking lacking = new(isLibraryMissing ? new DllNotFoundException() : new EntryPointNotFoundException());
        GuardedPageAdvice advice = new(lacking);
        using SafeFileHandle handle = new();
        for (int i = 0; i < 3; i++)
        {
            advice.WantLargePages(null, 0);
            advice.ReadAhead(null, 0);
            advice.Release(handle, 0, null, 0);
            Assert.False(advice.IsCached(handle, 0));
        }

        Assert.Equal(["large", "read", "release", "cached"], lacking.Calls);
    }

    [Fact]
    public void Other_failures_are_not_hidden() =>
        Assert.Throws<InvalidOperationException>(() => new GuardedPageAdvice(new Lacking(new InvalidOperationException())).ReadAhead(null, 0));

    private sealed class Lacking(Exception failure) : IPageAdvice
    {
        public List<string> Calls { get; } = [];

        public void WantLargePages(byte* start, nuint length) => Fail("large");

        public void ReadAhead(byte* start, nuint length) => Fail("read");

        public void Release(SafeFileHandle file, long offset, byte* start, nuint length) => Fail("release");

        public bool IsCached(SafeFileHandle file, long offset) => Fail("cached");

        private bool Fail(string call)
        {
            Calls.Add(call);
            throw failure;
        }
    }
}
