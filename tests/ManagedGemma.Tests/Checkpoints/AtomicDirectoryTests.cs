using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class AtomicDirectoryTests
{
    [Fact]
    public void The_target_appears_only_at_the_commit()
    {
        using TemporaryDirectory parent = new();
        using (AtomicDirectory directory = AtomicDirectory.Create(parent["out"], replace: false))
        {
            Write(directory, "a", "1");
            Write(directory, "b", "22");
            Assert.False(Directory.Exists(parent["out"]));
            directory.Commit();
        }

        Assert.Equal(["1", "22"], new[] { "a", "b" }.Select(x => File.ReadAllText(Path.Combine(parent["out"], x))));
        Assert.Equal([parent["out"]], All(parent.Path));
    }

    [Fact]
    public void Without_a_commit_nothing_stays()
    {
        using TemporaryDirectory parent = new();
        using (AtomicDirectory directory = AtomicDirectory.Create(parent["out"], replace: false))
        {
            Write(directory, "a", "1");
            directory.Begin("b", 1000).Write(new byte[500]);
        }

        Assert.Empty(All(parent.Path));
    }

    [Fact]
    public void An_empty_target_is_taken_and_a_full_one_is_not()
    {
        using TemporaryDirectory parent = new();
        Directory.CreateDirectory(parent["out"]);
        using (AtomicDirectory directory = AtomicDirectory.Create(parent["out"] + Path.DirectorySeparatorChar, replace: false))
        {
            Write(directory, "a", "1");
            directory.Commit();
        }

        Assert.Equal("1", File.ReadAllText(Path.Combine(parent["out"], "a")));
        Assert.Contains("is not empty", Refusal(parent["out"], replace: false), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_is_replaced_when_that_is_asked_for()
    {
        using TemporaryDirectory parent = new();
        Fill(parent["out"], "config.json", "old");
        using (AtomicDirectory directory = AtomicDirectory.Create(parent["out"], replace: true))
        {
            Write(directory, "config.json", "new");
            directory.Commit();
        }

        Assert.Equal([Path.Combine(parent["out"], "config.json")], All(parent["out"]));
        Assert.Equal("new", File.ReadAllText(Path.Combine(parent["out"], "config.json")));
        Assert.Equal([parent["out"]], All(parent.Path));
    }

    [Fact]
    public void What_is_no_checkpoint_is_never_replaced()
    {
        using TemporaryDirectory parent = new();
        Fill(parent["home"], "letter.txt");
        Assert.Contains("found no config.json", Refusal(parent["home"], replace: true), StringComparison.Ordinal);
        Fill(parent["more"], "config.json");
        Directory.CreateDirectory(Path.Combine(parent["more"], "inner"));
        Assert.Contains("found the directory inner", Refusal(parent["more"], replace: true), StringComparison.Ordinal);
        File.WriteAllText(parent["file"], "x");
        Assert.Contains("is a file", Refusal(parent["file"], replace: true), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refusal(parent["no/out"], replace: true), StringComparison.Ordinal);
        Assert.Contains("root directory", Refusal(Path.GetPathRoot(parent.Path)!, replace: true), StringComparison.Ordinal);
        Assert.Contains("cannot be written", Refusal("a\0b", replace: true), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateSymbolicLink(parent["link"], parent["more"]);
            Assert.Contains("is a link", Refusal(parent["link"], replace: true), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_target_that_was_filled_meanwhile_stays()
    {
        using TemporaryDirectory parent = new();
        using (AtomicDirectory directory = AtomicDirectory.Create(parent["out"], replace: false))
        {
            Write(directory, "a", "1");
            Fill(parent["out"], "letter.txt");
            Assert.Throws<GemmaException>(directory.Commit);
        }

        Assert.Equal([parent["out"]], All(parent.Path));
        Assert.True(File.Exists(Path.Combine(parent["out"], "letter.txt")));
    }

    [Fact]
    public void What_cannot_be_written_is_named_as_the_caller_names_it()
    {
        using TemporaryDirectory parent = new();
        using AtomicDirectory directory = AtomicDirectory.Create(parent["out"], replace: false);
        Write(directory, "a", "1");
        string message = Assert.Throws<GemmaException>(() => directory.Begin("a", 0)).Message;
        Assert.StartsWith(Path.Combine(parent["out"], "a") + ": the file cannot be written", message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", message, StringComparison.Ordinal);
    }

    private static void Write(AtomicDirectory directory, string name, string text)
    {
        using StreamWriter writer = new(directory.Begin(name, text.Length));
        writer.Write(text);
    }

    private static void Fill(string directory, string name, string text = "x")
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, name), text);
    }

    private static string[] All(string directory) =>
        Directory.GetFileSystemEntries(directory, "*", new EnumerationOptions { AttributesToSkip = 0 });

    private static string Refusal(string path, bool replace) =>
        Assert.Throws<GemmaException>(() => AtomicDirectory.Create(path, replace).Dispose()).Message;
}
