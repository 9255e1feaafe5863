using System.Text;
using ManagedGemma.Hub.Transfer;

namespace ManagedGemma.Hub.Tests;

/// <summary>Checksums against those of other programs: git hash-object, sha256sum.</summary>
public sealed class BlobChecksumTests
{
    [Theory]
    [InlineData("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
    [InlineData("hello world\n", "3b18e512dba79e4c8300dd08aeb37f8e728b8dad")]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("hello world\n", "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447")]
    public void Checksums_are_those_of_git_and_sha256sum(string text, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        using BlobChecksum checksum = new(expected, bytes.Length);
        checksum.Append("something else"u8);
        checksum.Reset();
        foreach (byte one in bytes)
        {
            checksum.Append([one]);
        }

        Assert.Equal(expected, checksum.Current());
    }

    [Theory]
    [InlineData("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", true)]
    [InlineData("E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391", false)]
    [InlineData("e69de29bb2d1d6434b8b29ae775ad8c2e48c539", false)]
    [InlineData("../../../../../../../../../../etc/passwd", false)]
    [InlineData("", false)]
    public void Only_hexadecimal_digits_are_a_checksum(string text, bool expected) => Assert.Equal(expected, BlobChecksum.IsChecksum(text));
}
