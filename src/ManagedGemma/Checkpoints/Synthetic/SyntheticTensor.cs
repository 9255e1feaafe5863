using System.Buffers.Binary;

namespace ManagedGemma.Checkpoints.Synthetic;

/// <summary>One tensor of a synthetic checkpoint: what it is, and any part of its bytes.</summary>
/// <param name="Spec">Name, type and shape.</param>
/// <param name="Kind">How the bytes follow from the counter.</param>
/// <param name="Columns">Inputs of the module; scales and biases depend on it.</param>
/// <param name="Counter">The stream of the tensor's name; for biases that of the scales that they belong to.</param>
internal sealed record SyntheticTensor(SafetensorsSpec Spec, SyntheticKind Kind, int Columns, CounterStream Counter)
{
    /// <summary>The three tensors of a linear layer or embedding, 4 bit in groups of 64.</summary>
    public static IEnumerable<SyntheticTensor> Linear(string path, long rows, int columns)
    {
        CounterStream scales = new(path + ".scales");
        yield return new(new(path + ".weight", ElementType.U32, rows, columns / 8), SyntheticKind.Words, columns, new CounterStream(path + ".weight"));
        yield return new(new(path + ".scales", ElementType.BF16, rows, columns / 64), SyntheticKind.Scales, columns, scales);
        yield return new(new(path + ".biases", ElementType.BF16, rows, columns / 64), SyntheticKind.Biases, columns, scales);
    }

    /// <summary>A norm's weights.</summary>
    public static SyntheticTensor Norm(string path, int length) =>
        new(new(path + ".weight", ElementType.BF16, length), SyntheticKind.Norm, length, new CounterStream(path + ".weight"));

    /// <summary>Writes a part of the tensor.</summary>
    /// <param name="offset">Bytes from the tensor's start; a multiple of eight.</param>
    /// <param name="destination">Takes the bytes up to its length.</param>
    public void Fill(long offset, Span<byte> destination)
    {
        if (Kind == SyntheticKind.Words)
        {
            // Two 32-bit words are one of the counter, low half first, which is the order of the file's bytes.
            long word = offset / 8;
            for (; destination.Length >= 8; destination = destination[8..])
            {
                BinaryPrimitives.WriteUInt64LittleEndian(destination, Counter[word++]);
            }

            return;
        }

        long element = offset / 2;
        for (; destination.Length >= 2; destination = destination[2..])
        {
            BinaryPrimitives.WriteUInt16LittleEndian(destination, Element(element++));
        }
    }

    private ushort Element(long index)
    {
        if (Kind == SyntheticKind.Norm)
        {
            return Round((Counter.Unit(index) - 0.5) * 0.5);
        }

        ushort scale = Round((0.75 + (0.5 * Counter.Unit(index))) * 0.25 / Math.Sqrt(Columns));
        return Kind == SyntheticKind.Scales ? scale : Round(-7.5 * BitConverter.UInt32BitsToSingle((uint)scale << 16));
    }

    /// <summary>Twice to nearest even, first to float32: part of the recipe.</summary>
    private static ushort Round(double value) => ElementConversion.ToBFloat16((float)value);
}
