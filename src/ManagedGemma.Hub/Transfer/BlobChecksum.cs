using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ManagedGemma.Hub.Transfer;

/// <summary>
/// The checksum that the hub calls a content by: SHA-256 (64 digits) of large files, and of the others git's name of the blob, which is
/// SHA-1 (40 digits) of <c>blob LENGTH\0</c> and the content.
/// </summary>
internal sealed class BlobChecksum : IDisposable
{
    private readonly IncrementalHash _hash;
    private readonly string _expected;
    private readonly long _length;

    public BlobChecksum(string expected, long length)
    {
        _expected = expected;
        _length = length;
#pragma warning disable CA5350 // git's choice.
        _hash = IncrementalHash.CreateHash(expected.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        Reset();
    }

    /// <summary>Whether a text is such a checksum.</summary>
    public static bool IsChecksum(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Begins anew.</summary>
    public void Reset()
    {
        _hash.GetHashAndReset();
        if (_expected.Length == 40)
        {
            _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {_length}\0")));
        }
    }

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>The checksum of all bytes taken.</summary>
    public string Current() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();
}
