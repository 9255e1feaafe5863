using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>--help and --version.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("chat", "--help")]
    [InlineData("compare", "--help")]
    [InlineData("condition", "--help")]
    [InlineData("encode", "--help")]
    [InlineData("enhance", "--help")]
    [InlineData("generate", "--help")]
    [InlineData("tokenize", "--help")]
    [InlineData("inspect", "--help")]
    [InlineData("pull", "--help")]
    [InlineData("quantize", "--help")]
    public void Help_goes_to_standard_output(params string[] args)
    {
        Outcome outcome = Tool.Run(args).Succeeds();
        Assert.Empty(outcome.Error);
        Assert.Contains("Usage:", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_is_a_number_alone() => Assert.Matches(@"^\d+\.\d+\.\d+\S*\s*$", Tool.Run("--version").Succeeds().Out.Split('+')[0]);

    [Fact]
    public void The_tool_starts_as_a_process() => Assert.Matches(@"^\d+\.\d+\.\d+[^+]*$", Tool.RunChild(null, ["--version"]).Succeeds().Out);
}
