using System.Buffers.Binary;

namespace ManagedGemma.Conversion;

/// <summary>Codes of a few bits one after the other, lowest bit first, as MLX's little-endian words have them.</summary>
internal static class CodePacking
{
    /// <summary>Packs a multiple of 8 codes.</summary>
    /// <param name="codes">Each less than 2^bits.</param>
    /// <param name="bits">2 to 8.</param>
    /// <param name="destination">codes · bits / 8 bytes.</param>
    public static void Pack(ReadOnlySpan<byte> codes, int bits, Span<byte> destination)
    {
        // Eight codes fill as many bytes as a code has bits.
        Span<byte> eight = stackalloc byte[sizeof(ulong)];
        for (int at = 0; !codes.IsEmpty; codes = codes[8..], at += bits)
        {
            ulong packed = 0;
            for (int i = 7; i >= 0; i--)
            {
                packed = (packed << bits) | codes[i];
            }

            BinaryPrimitives.WriteUInt64LittleEndian(eight, packed);
            eight[..bits].CopyTo(destination.Slice(at, bits));
        }
    }
}
