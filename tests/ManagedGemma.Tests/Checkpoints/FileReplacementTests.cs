using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

/// <summary>Renaming as each system has it; what Windows does is played, as far as it can be elsewhere.</summary>
public class FileReplacementTests
{
    private const int SharingViolation = unchecked((int)0x80070020), DiskFull = unchecked((int)0x80070070);

    [Fact]
    public void A_file_takes_anothers_place()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory["new"], "new");
        File.WriteAllText(directory["old"], "old");
        FileReplacement.Replace(directory["new"], directory["old"]);
        Assert.Equal("new", File.ReadAllText(directory["old"]));
        Assert.False(File.Exists(directory["new"]));
    }

    /// <summary>Who replaces a model's file by renaming does no harm to who has it mapped, where the system allows it at all.</summary>
    [Fact]
    public void A_mapped_file_may_be_replaced()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory["model"], "old");
        File.WriteAllText(directory["new"], "new");
        using MappedFile file = MappedFile.Open(directory["model"]);
        if (!OperatingSystem.IsWindows())
        {
            FileReplacement.Replace(directory["new"], directory["model"]);
        }

        unsafe
        {
            Assert.Equal("old"u8, new ReadOnlySpan<byte>(file.Pointer, 3));
        }

        file.CheckLength();
    }

    [Fact]
    public void What_another_program_holds_for_a_moment_is_tried_again()
    {
        int attempts = 0, waited = 0;
        FileReplacement.WhileHeld(() => Throw(++attempts < 4 ? SharingViolation : null), isTransient: true, milliseconds => waited += milliseconds);
        Assert.Equal(4, attempts);
        Assert.InRange(waited, 1, 1000);
    }

    [Fact]
    public void What_is_held_for_long_fails_within_a_second()
    {
        int waited = 0;
        IOException failure = Assert.Throws<IOException>(() =>
            FileReplacement.WhileHeld(() => Throw(SharingViolation), isTransient: true, milliseconds => waited += milliseconds));
        Assert.Equal(SharingViolation, failure.HResult);
        Assert.InRange(waited, 500, 1000);
    }

    [Theory]
    [InlineData(true, DiskFull)]
    [InlineData(false, SharingViolation)]
    public void Other_failures_and_other_systems_fail_at_once(bool isTransient, int code)
    {
        int attempts = 0;
        Assert.Throws<IOException>(() => FileReplacement.WhileHeld(() => Throw(code, ++attempts), isTransient, _ => Assert.Fail("waits")));
        Assert.Equal(1, attempts);
    }

    [Theory]
    [InlineData("/dev/null", true)]
    [InlineData("/dev/shm/features.safetensors", false)]
    [InlineData("/home/dev/null", false)]
    [InlineData(@"\\.\NUL", true)]
    [InlineData(@"C:\features.safetensors", false)]
    [InlineData(@"\\server\share\features.safetensors", false)]
    public void Devices_are_known_by_their_names(string path, bool isDevice) => Assert.Equal(isDevice, FileReplacement.IsDevice(path));

    private static void Throw(int? code, int attempt = 0)
    {
        if (code is { } held)
        {
            throw new IOException($"attempt {attempt}", held);
        }
    }
}
