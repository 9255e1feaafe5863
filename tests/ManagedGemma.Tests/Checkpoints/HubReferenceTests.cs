using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class HubReferenceTests
{
    [Theory]
    [InlineData("mlx-community/gemma-3-12b-it-4bit", "mlx-community/gemma-3-12b-it-4bit", null)]
    [InlineData("a/b@main", "a/b", "main")]
    [InlineData("a/b@refs/pr/1", "a/b", "refs/pr/1")]
    [InlineData("A_b.c/d.e_f@v1.0-rc_1", "A_b.c/d.e_f", "v1.0-rc_1")]
    public void Names_and_revisions_are_told_apart(string text, string repository, string? revision)
    {
        Assert.True(HubReference.TryParse(text, out HubReference? reference));
        Assert.Equal((repository, revision, text), (reference.Repository, reference.Revision, reference.ToString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("a/b/c")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a/..")]
    [InlineData("./a")]
    [InlineData("~/a")]
    [InlineData("a--b/c")]
    [InlineData("a/b..c")]
    [InlineData("a/b c")]
    [InlineData("a/b?c")]
    [InlineData("a\\b/c")]
    [InlineData("a/b@")]
    [InlineData("a/b@..")]
    [InlineData("a/b@/c")]
    [InlineData("a/b@c@d")]
    [InlineData("a/b@../../c")]
    public void What_could_lead_elsewhere_is_no_reference(string? text) => Assert.False(HubReference.TryParse(text, out _));

    [Fact]
    public void Names_have_an_end()
    {
        Assert.True(HubReference.TryParse($"a/{new string('b', 96)}", out _));
        Assert.False(HubReference.TryParse($"a/{new string('b', 97)}", out _));
        Assert.False(HubReference.TryParse($"a/b@{string.Join('/', Enumerable.Repeat("abc", 70))}", out _));
    }

    [Theory]
    [InlineData("0123456789abcdef0123456789abcdef01234567", true)]
    [InlineData("0123456789ABCDEF0123456789abcdef01234567", false)]
    [InlineData("0123456789abcdef0123456789abcdef0123456", false)]
    [InlineData(null, false)]
    public void A_commit_has_40_digits(string? text, bool expected) => Assert.Equal(expected, HubReference.IsCommit(text));
}
