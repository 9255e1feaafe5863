using System.Buffers.Binary;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Numpy;

/// <summary>
/// Reads the head of a NumPy array (<c>numpy.lib.format</c>, versions 1.0 to 3.0): magic, version, length, and a Python dict of
/// <c>descr</c>, <c>fortran_order</c> and <c>shape</c>. Nothing of it is evaluated.
/// </summary>
internal static class NpyHeadReader
{
    private const int PrefixLength = 8;

    // NumPy itself refuses heads above 10,000 characters unless told otherwise.
    private const int LongestDescription = 1 << 16;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a head.</summary>
    /// <param name="stream">At the array's first byte; afterwards at its first element.</param>
    /// <param name="length">Bytes of head and elements, as the file has them.</param>
    /// <param name="path">For messages.</param>
    /// <param name="subject">The array's name, for messages.</param>
    /// <exception cref="GemmaException">It is no array, of elements that are not read here, or its length is not what the head says.</exception>
    /// <exception cref="EndOfStreamException">The file ends within the head.</exception>
    public static NpyDescription Read(Stream stream, long length, string path, string? subject)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength + sizeof(uint)];
        stream.ReadExactly(prefix[..PrefixLength]);
        if (!prefix[..Magic.Length].SequenceEqual(Magic))
        {
            throw Problem("not an array of NumPy", "the magic \\x93NUMPY", Convert.ToHexString(prefix[..Magic.Length]));
        }

        (int major, int minor) = (prefix[6], prefix[7]);
        if (major is not (1 or 2 or 3) || minor != 0)
        {
            throw Problem("an array of another format version", "1.0, 2.0 or 3.0", $"{major}.{minor}");
        }

        int wordLength = major == 1 ? sizeof(ushort) : sizeof(uint);
        Span<byte> word = prefix.Slice(PrefixLength, wordLength);
        stream.ReadExactly(word);
        long textLength = major == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(word) : BinaryPrimitives.ReadUInt32LittleEndian(word);
        if (textLength > Math.Min(LongestDescription, length - PrefixLength - wordLength))
        {
            throw Problem("the array's description is too long", $"at most {LongestDescription} bytes, within the file", $"{textLength}");
        }

        byte[] bytes = new byte[textLength];
        stream.ReadExactly(bytes);
        NpyDictionary dictionary = new(Text(bytes, isUtf8: major == 3), Problem);
        int headLength = PrefixLength + wordLength + (int)textLength;
        ElementType type = TypeOf(dictionary.Description);
        if (dictionary.IsFortranOrder && dictionary.Shape.Count(dimension => dimension != 1) > 1)
        {
            throw Problem("the array is stored column by column", "fortran_order False, as numpy.ascontiguousarray gives it", "True");
        }

        UInt128 expected = dictionary.Shape.Contains(0) ? 0 : (UInt128)type.ByteSize();
        foreach (long dimension in dictionary.Shape)
        {
            expected = expected <= (ulong)length ? expected * (ulong)dimension : expected;
        }

        return expected == (UInt128)(length - headLength)
            ? new NpyDescription(type, dictionary.Shape, headLength, length - headLength)
            : throw Problem(
                "the array has another length than its shape says",
                expected > (ulong)length ? $"more than {length} bytes for shape {Untrusted.Show(dictionary.Shape)}" : $"{expected} bytes",
                $"{length - headLength} bytes");

        GemmaException Problem(string problem, string expected, string found) => new(problem, path, subject, expected, Untrusted.Show(found));

        string Text(byte[] bytes, bool isUtf8)
        {
            try
            {
                return (isUtf8 ? Utf8 : Encoding.Latin1).GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                throw Problem("the array's description is not text", "UTF-8", "other bytes");
            }
        }

        ElementType TypeOf(string description) => description switch
        {
            "|b1" => ElementType.Bool,
            "|u1" => ElementType.U8,
            "|i1" => ElementType.I8,
            "<u2" => ElementType.U16,
            "<i2" => ElementType.I16,
            "<u4" => ElementType.U32,
            "<i4" => ElementType.I32,
            "<u8" => ElementType.U64,
            "<i8" => ElementType.I64,
            "<f2" => ElementType.F16,
            "<f4" => ElementType.F32,
            "<f8" => ElementType.F64,
            _ => throw Problem("the array's elements are of another kind", "little-endian <f2 <f4 <f8 <i2 <i4 <i8 <u2 <u4 <u8, |b1 |i1 |u1", description),
        };
    }
}
