using System.Globalization;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Containers;

/// <summary>The head of a NumPy array, format 1.0, byte for byte as <c>numpy.lib.format</c> writes it.</summary>
internal static class NpyHeader
{
    private const int Alignment = 64, PrefixLength = 10, GrowthDigits = 21;

    /// <summary>Magic, length and description; the elements follow, row-major.</summary>
    /// <exception cref="NotSupportedException">NumPy has no such type.</exception>
    public static byte[] Of(SafetensorsSpec tensor)
    {
        string dimensions = string.Join(", ", tensor.Shape.Select(x => x.ToString(CultureInfo.InvariantCulture)));
        string tuple = tensor.Shape.Count == 1 ? $"({dimensions},)" : $"({dimensions})";
        StringBuilder text = new($"{{'descr': '{Descriptor(tensor.ElementType)}', 'fortran_order': False, 'shape': {tuple}, }}");

        // Room for the first dimension to grow, then up to the alignment; an end of line comes last.
        if (tensor.Shape.Count > 0)
        {
            text.Append(' ', GrowthDigits - tensor.Shape[0].ToString(CultureInfo.InvariantCulture).Length);
        }

        text.Append(' ', Alignment - ((PrefixLength + text.Length + 1) % Alignment)).Append('\n');
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. Encoding.ASCII.GetBytes(text.ToString())];
    }

    private static string Descriptor(ElementType type) => type switch
    {
        ElementType.F32 => "<f4",
        ElementType.F16 => "<f2",
        ElementType.I64 => "<i8",
        _ => throw new NotSupportedException($"NumPy has no {type}."),
    };
}
