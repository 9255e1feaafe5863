using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>Small parts alone.</summary>
public sealed class UnitTests
{
    [Theory]
    [InlineData("plain [bold]text[/] é 😀 ▁", "plain [bold]text[/] é 😀 ▁")]
    [InlineData("a\nb\tc\r", "a\\nb\\tc\\r")]
    [InlineData("\u001b[31m", "\\u001B[31m")]
    [InlineData("a\u0085b\u200Ec\u2028d", "a\\u0085b\\u200Ec\\u2028d")]
    public void Text_is_made_fit_for_a_terminal(string text, string expected) => Assert.Equal(expected, SafeText.Show(text));

    [Fact]
    public void Half_a_surrogate_pair_is_spelt_out()
    {
        Assert.Equal("\\uD83D", SafeText.Show("\ud83d"));
        Assert.Equal("😀\\uDE00x", SafeText.Show("😀\ude00x"));
    }

    [Theory]
    [InlineData("plain é 😀\nline\ttab", "plain é 😀\nline\ttab")]
    [InlineData("👩\u200D🚀 \u001b[2Jred\u0007\r\u009b1m", "👩\u200D🚀 [2Jred1m")]
    [InlineData("a\u202Eb\u2066c\u2069", "abc")]
    public void Running_text_cannot_move_the_cursor(string text, string expected) => Assert.Equal(expected, SafeText.Flow(text));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "0.98 KiB")]
    [InlineData(6_832_584, "6.52 MiB")]
    [InlineData(7_100_000_000, "6.61 GiB")]
    public void Sizes_have_three_digits(long bytes, string expected) => Assert.Equal(expected, Amount.Bytes(bytes));

    [Fact]
    public void Names_are_ordered_as_people_count()
    {
        string[] names = ["b", "a10", "a2", "a02", "a", "a2b"];
        Assert.Equal(["a", "a02", "a2", "a2b", "a10", "b"], names.Order(NaturalOrder.Instance));
    }

    [Theory]
    [InlineData(ElementType.F16, 65519.9f, 0, 0)]
    [InlineData(ElementType.F16, -65520f, 1, 0)]
    [InlineData(ElementType.F32, 1e30f, 0, 0)]
    [InlineData(ElementType.F16, float.NaN, 0, 1)]
    [InlineData(ElementType.F32, float.PositiveInfinity, 0, 1)]
    public void Rows_that_do_not_fit_are_counted(ElementType type, float value, int overflowed, int nonFinite)
    {
        using TemporaryDirectory directory = new();
        using FeatureFile file = FeatureFile.Create(directory["f"], new FeatureFileShape(1, 1, 4, type, false), new Dictionary<string, string>());
        file.Begin("features");
        file.WriteRow([0, value, 1, 2]);
        Assert.Equal((overflowed, nonFinite), (file.OverflowedRows, file.NonFiniteRows));
    }
}
