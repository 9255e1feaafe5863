using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>--cache</c> with enhancements.</summary>
public sealed class EnhanceCacheTests : IDisposable
{
    private static readonly string[] Prompts = ["fox", "sea", "a third one"];

    private readonly TemporaryDirectory _directory = new();

    private string[] Cache => ["--cache", _directory["cache"]];

    private string[] Entries => [.. Directory.GetFiles(_directory["cache"], "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Enhance_generates_once()
    {
        string[] args = ["enhance", "fox", "--max-tokens", "24", "--quiet", .. Cache];
        JsonElement first = Tool.Run([.. args, "--json"]).Succeeds().Json, second = Tool.Run([.. args, "--json"]).Succeeds().Json;
        Assert.False(first.GetProperty("is_cached").GetBoolean());
        Assert.True(second.GetProperty("is_cached").GetBoolean());
        foreach (string name in new[] { "prompt", "enhanced", "answer", "seed", "warnings" })
        {
            Assert.Equal(first.GetProperty(name).GetRawText(), second.GetProperty(name).GetRawText());
        }

        Assert.Equal(24, second.GetProperty("generation").GetProperty("generated_tokens").GetInt32());
        Assert.Equal(Tool.Run("enhance", "fox", "--max-tokens", "24", "--quiet").Succeeds().Out, Tool.Run(args).Succeeds().Out);
        Assert.Contains("from the cache", Tool.Run([.. args.Except(["--quiet"])]).Succeeds().Error, StringComparison.Ordinal);
        Assert.Single(Entries);
    }

    [Fact]
    public void One_prompt_of_encode_and_condition_and_a_batch_share_it()
    {
        File.WriteAllLines(_directory["list.txt"], Prompts);
        foreach (string prompt in Prompts)
        {
            Tool.Run(["encode", prompt, "--enhance", "--quiet", "--output", _directory[prompt], .. Cache]).Succeeds();
        }

        string[] entries = Entries;
        Assert.Equal(Prompts.Length, entries.Length);
        Assert.Contains("3 entries found", Batch("out", Cache).Error, StringComparison.Ordinal);
        for (int i = 0; i < Prompts.Length; i++)
        {
            Assert.Equal(File.ReadAllBytes(_directory[Prompts[i]]), File.ReadAllBytes(Path.Combine(_directory["out"], $"{i + 1:000000}.safetensors")));
        }

        Batch("plain");
        Assert.Equal(Files("plain"), Files("out"));
        string[] condition = ["--enhance", "--ltx", Repository.Ltx("v23"), "--length", "1024", "--format", "npy", .. Cache];
        Tool.Run(["condition", "fox", .. condition, "--quiet", "--output", _directory["fox.npy"]]).Succeeds();
        string error = Tool.Run(["condition", "--captions", _directory["list.txt"], .. condition, "--output", _directory["npy"]]).Succeeds().Error;

        // Three enhancements, and what the one prompt left.
        Assert.Contains("4 entries found", error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_directory["fox.npy"]), File.ReadAllBytes(Path.Combine(_directory["npy"], "000001.npy")));
        Assert.Equal(entries, Entries.Intersect(entries));
    }

    // As after a kill: some outputs are there, the enhancements of all are.
    [Fact]
    public void A_batch_that_goes_on_generates_nothing_again()
    {
        File.WriteAllLines(_directory["list.txt"], Prompts);
        Batch("out", Cache);
        SortedDictionary<string, byte[]> files = Files("out");
        string[] entries = Entries;
        DateTime old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        Array.ForEach(entries, entry => File.SetLastWriteTimeUtc(entry, old));
        File.Delete(Path.Combine(_directory["out"], "000002.safetensors"));
        string error = Batch("out", Cache).Error;
        Assert.Contains("1 encoded, 2 were there", error, StringComparison.Ordinal);
        Assert.Contains("3 entries found", error, StringComparison.Ordinal);
        Assert.Equal(files, Files("out"));

        // Found and marked as used, none added.
        Assert.Equal(entries, Entries);
        Assert.All(entries, entry => Assert.NotEqual(old, File.GetLastWriteTimeUtc(entry)));
    }

    [Fact]
    public void A_damaged_entry_is_told_and_made_again()
    {
        File.WriteAllLines(_directory["list.txt"], Prompts);
        Batch("out", Cache);
        File.WriteAllText(Entries[1], "damaged");
        Assert.Contains("1 damaged entries of the cache were made again", Batch("again", Cache).Error, StringComparison.Ordinal);
        Assert.Equal(Files("out"), Files("again"));
        Assert.Equal(Prompts.Length, Entries.Length);
    }

    [Fact]
    public void Encode_keeps_enhancements_only() => Assert.Contains(
        "--cache goes with --enhance",
        Tool.Run(["encode", "fox", "--output", _directory["a"], .. Cache]).Fails(2),
        StringComparison.Ordinal);

    private Outcome Batch(string output, params string[] more) =>
        Tool.Run(["encode", "--batch", _directory["list.txt"], "--enhance", "--output", _directory[output], .. more]).Succeeds();

    private SortedDictionary<string, byte[]> Files(string directory) => new(
        Directory.GetFiles(_directory[directory]).ToDictionary(x => Path.GetFileName(x), File.ReadAllBytes), StringComparer.Ordinal);
}
