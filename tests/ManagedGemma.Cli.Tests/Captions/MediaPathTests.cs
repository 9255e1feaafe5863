using ManagedGemma.Cli.Input.Captions;

namespace ManagedGemma.Cli.Tests.Captions;

public class MediaPathTests
{
    // What Python's str(Path(media.strip()).with_suffix(".pt")) gives, less the suffix.
    [Theory]
    [InlineData("a/b.mp4", "a/b")]
    [InlineData(" a.b.mp4 \n\u001C", "a.b")]
    [InlineData(".hidden", ".hidden")]
    [InlineData("x/.hidden.mp4", "x/.hidden")]
    [InlineData("a//./b.mp4", "a/b")]
    [InlineData("./a.mp4", "a")]
    [InlineData("a/b.mp4/", "a/b")]
    [InlineData("noext", "noext")]
    [InlineData("a.tar.gz", "a.tar")]
    [InlineData("..a.mp4", "..a")]
    [InlineData("a/b.c/d", "a/b.c/d")]
    [InlineData("a b/é ü.mov", "a b/é ü")]
    [InlineData("...mp4", "..")]
    [InlineData("file.", "file.")]
    public void Outputs_mirror_media(string media, string expected) => Assert.Equal(expected, MediaPath.OutputOf(media));

    [Theory]
    [InlineData("/etc/cron.d/x.mp4", "absolute")]
    [InlineData("C:\\x.mp4", "absolute")]
    [InlineData("c:/x.mp4", "absolute")]
    [InlineData("../x.mp4", "..")]
    [InlineData("a/../../x.mp4", "..")]
    [InlineData("a/..", "..")]
    [InlineData("..", "..")]
    [InlineData("", "no file")]
    [InlineData(" ", "no file")]
    [InlineData("./.", "no file")]
    [InlineData("a\0b.mp4", "character")]
    [InlineData("a/\u001B[2J.mp4", "character")]
    public void A_path_that_leads_elsewhere_is_refused(string media, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => MediaPath.OutputOf(media)).Message, StringComparison.Ordinal);

    [Fact]
    public void Names_may_be_as_long_as_file_systems_take()
    {
        Assert.Equal(239 - 4, MediaPath.OutputOf(new string('x', 235) + ".mp4").Length);
        Assert.Throws<FormatException>(() => MediaPath.OutputOf(new string('x', 236) + ".mp4"));
        Assert.Throws<FormatException>(() => MediaPath.OutputOf(new string('é', 150)));
    }
}
