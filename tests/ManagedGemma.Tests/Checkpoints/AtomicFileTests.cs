using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class AtomicFileTests
{
    [Fact]
    public void The_target_appears_only_at_the_commit()
    {
        using TemporaryDirectory directory = new();
        using AtomicFile file = AtomicFile.Create(directory["out"]);
        file.Stream.Write("new"u8);
        Assert.False(File.Exists(directory["out"]));
        file.Commit();
        Assert.Equal("new", File.ReadAllText(directory["out"]));
        Assert.Single(Directory.GetFileSystemEntries(directory.Path));
        Assert.Throws<InvalidOperationException>(file.Commit);
    }

    [Fact]
    public void Without_a_commit_an_older_target_stays_and_nothing_else_does()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory["out"], "old");
        using (AtomicFile file = AtomicFile.Create(directory["out"]))
        {
            file.Stream.Write(new byte[100_000]);
        }

        Assert.Equal("old", File.ReadAllText(directory["out"]));
        Assert.Single(Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void A_commit_replaces_an_older_target()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory["out"], "old and longer");
        using AtomicFile file = AtomicFile.Create(directory["out"]);
        file.Stream.Write("new"u8);
        file.Commit();
        Assert.Equal("new", File.ReadAllText(directory["out"]));
    }

    [Fact]
    public void A_target_that_cannot_be_replaced_leaves_nothing_behind()
    {
        using TemporaryDirectory directory = new();
        using AtomicFile file = AtomicFile.Create(directory["out"]);
        Directory.CreateDirectory(directory["out"]);
        GemmaException exception = Assert.Throws<GemmaException>(file.Commit);
        Assert.StartsWith(directory["out"] + ": ", exception.Message, StringComparison.Ordinal);
        Assert.Equal([directory["out"]], Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void What_a_killed_process_left_is_deleted_and_what_is_being_written_is_not()
    {
        using TemporaryDirectory directory = new();
        using AtomicFile living = AtomicFile.Create(directory["living"]);
        living.Stream.Write("new"u8);
        string left = directory[".managed-gemma-0123456789abcdef0123456789abcdef.tmp"], foreign = directory[".managed-gemma.jsonl"];
        File.WriteAllText(left, "half");
        File.WriteAllText(foreign, "{}");
        Assert.Equal(0, AtomicFile.DeleteAbandoned(directory.Path)); // It may be a moment old.
        foreach (string path in Directory.GetFiles(directory.Path))
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow - TimeSpan.FromDays(1));
        }

        Assert.Equal(1, AtomicFile.DeleteAbandoned(directory.Path));
        Assert.False(File.Exists(left));
        Assert.True(File.Exists(foreign));
        living.Commit();
        Assert.Equal("new", File.ReadAllText(directory["living"]));
        Assert.Equal(0, AtomicFile.DeleteAbandoned(directory["nowhere"]));
    }

    [Fact]
    public void A_missing_directory_a_directory_and_a_device_are_refused()
    {
        using TemporaryDirectory directory = new();
        Assert.Contains("the directory to write into does not exist", Refusal(directory["x/out"]), StringComparison.Ordinal);
        Assert.Contains("is a directory", Refusal(directory.Path), StringComparison.Ordinal);
        Assert.Contains("is a device", Refusal("/dev/null"), StringComparison.Ordinal);
        Assert.Contains("cannot be written", Refusal("a\0b"), StringComparison.Ordinal);
        Assert.Contains("cannot be written", Refusal(string.Empty), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.Contains("/proc/out: ", Refusal("/proc/out"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_name_as_long_as_the_system_allows_can_be_written()
    {
        using TemporaryDirectory directory = new();
        string path = directory[new string('x', 250)];
        using AtomicFile file = AtomicFile.Create(path);
        file.Commit();
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task A_full_disk_is_reported_with_the_targets_name()
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        GuardedStream guarded = new(full, "out.safetensors");
        Assert.StartsWith("out.safetensors: ", Assert.Throws<GemmaException>(() => guarded.Write(new byte[10])).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<GemmaException>(() => guarded.WriteAsync(new byte[10], 0, 10));
    }

    private static string Refusal(string path) => Assert.Throws<GemmaException>(() => AtomicFile.Create(path)).Message;
}
