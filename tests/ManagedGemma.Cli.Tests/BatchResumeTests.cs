using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>A batch that goes on where it was stopped.</summary>
public sealed class BatchResumeTests : IDisposable
{
    private static readonly DateTime Old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly TemporaryDirectory _directory = new();

    private string Output => _directory["out"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_there_stays_and_what_is_missing_is_made()
    {
        Write("a", "b", "c");
        Assert.Equal(["encoded", "encoded", "encoded"], Outcomes(0));
        byte[] second = File.ReadAllBytes(PathOf(2));
        File.Delete(PathOf(2));
        Touch(1, 3);
        Assert.Equal(["skipped", "encoded", "skipped"], Outcomes(0));
        Assert.Equal(second, File.ReadAllBytes(PathOf(2)));
        Assert.Equal(Old, File.GetLastWriteTimeUtc(PathOf(1)));
        Assert.Equal(Old, File.GetLastWriteTimeUtc(PathOf(3)));
        Assert.Contains("0 encoded, 3 were there and are left as they are", Run().Succeeds().Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Overwrite_makes_all_anew()
    {
        Write("a", "b");
        Outcomes(0);
        Touch(1, 2);
        Assert.Equal(["encoded", "encoded"], Outcomes(0, "--overwrite"));
        Assert.NotEqual(Old, File.GetLastWriteTimeUtc(PathOf(1)));
        Assert.NotEqual(Old, File.GetLastWriteTimeUtc(PathOf(2)));
    }

    [Fact]
    public void Another_prompts_output_is_not_passed_off()
    {
        Write("a", "b", "c");
        Outcomes(0);
        Touch(1, 2, 3);
        Write("a", "x", "c", "d");
        Outcome outcome = Run();
        Assert.Equal(1, outcome.Code);
        Assert.Contains("line 2: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("--overwrite", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(Old, File.GetLastWriteTimeUtc(PathOf(2)));
        Assert.True(File.Exists(PathOf(4)));
        Assert.Equal(["skipped", "failed", "skipped", "skipped"], Outcomes(1));
    }

    [Theory]
    [InlineData("--precision fast")]
    [InlineData("--profile car")]
    [InlineData("--features v1")]
    [InlineData("--dtype bf16")]
    [InlineData("--pad none")]
    [InlineData("--max-length 12")]
    [InlineData("--hidden-states")]
    public void Other_options_outputs_are_not_passed_off(string options)
    {
        Write("a");
        Outcomes(0);
        Assert.Equal(["failed"], Outcomes(1, options.Split(' ')));
    }

    [Fact]
    public void A_foreign_or_damaged_file_is_not_passed_off()
    {
        Write("a", "b", "c");
        Outcomes(0);
        File.WriteAllText(PathOf(1), "fox");
        byte[] bytes = File.ReadAllBytes(PathOf(2));
        File.WriteAllBytes(PathOf(2), bytes[..^8]);
        Assert.Equal(["failed", "failed", "skipped"], Outcomes(1));
        Assert.Equal("fox", File.ReadAllText(PathOf(1)));
        Assert.Equal(["encoded", "encoded", "encoded"], Outcomes(0, "--overwrite"));
        Assert.Equal(bytes, File.ReadAllBytes(PathOf(2)));
    }

    private string PathOf(int line) => Path.Combine(Output, $"{line:000000}.safetensors");

    private void Touch(params int[] lines) => Array.ForEach(lines, x => File.SetLastWriteTimeUtc(PathOf(x), Old));

    private void Write(params string[] lines) => File.WriteAllLines(_directory["list.txt"], lines);

    private Outcome Run(params string[] args) => Tool.Run(
        ["encode", "--batch", _directory["list.txt"], .. args.Contains("--max-length") ? args : ["--max-length", "16", .. args], "--output", Output]);

    private string[] Outcomes(int code, params string[] args)
    {
        Outcome outcome = Run([.. args, "--json"]);
        Assert.True(outcome.Code == code, outcome.Error);
        return [.. outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => JsonDocument.Parse(x).RootElement.GetProperty("outcome").GetString()!)];
    }
}
