using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Tokenization;

public sealed class PromptTextTests
{
    /// <summary>Every character for which str.isspace() of Python 3.11 holds.</summary>
    private const string PythonSpaces =
        "\t\n\v\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

    [Fact]
    public void Exactly_pythons_white_space_is_stripped()
    {
        for (int unit = 0; unit <= char.MaxValue; unit++)
        {
            string text = $"{(char)unit}x{(char)unit}";
            Assert.Equal(PythonSpaces.Contains((char)unit) ? "x" : text, PromptText.Strip(text).ToString());
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" \n\t\u3000", "")]
    [InlineData("\r\n a  b \u200b ", "a  b \u200b")]
    [InlineData("\ufeff a", "\ufeff a")]
    public void Only_the_ends_are_stripped(string text, string stripped) => Assert.Equal(stripped, PromptText.Strip(text).ToString());

    // Not a theory: an attribute's strings are kept as UTF-8, which has no lone surrogates.
    [Fact]
    public void Lone_surrogates_are_repaired_one_for_one()
    {
        (string Text, string Repaired)[] cases =
        [
            ("", ""), ("plain", "plain"), ("😀", "😀"), ("\ud83d", "\ufffd"), ("\ude00\ud83d", "\ufffd\ufffd"),
            ("\ud83d\ud83d\ude00\ude00", "\ufffd😀\ufffd"),
        ];
        foreach ((string text, string repaired) in cases)
        {
            Assert.Equal(repaired, PromptText.Repair(text).ToString());
        }

        Assert.Equal("\ud800", PromptText.Strip(" \ud800 ").ToString());
    }
}
