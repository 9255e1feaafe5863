namespace ManagedGemma.Checkpoints;

/// <summary>A tensor that is to be written.</summary>
/// <param name="Name">The name, unique in its file.</param>
/// <param name="ElementType">The type of one element.</param>
/// <param name="Shape">The dimensions, slowest first; empty for a scalar.</param>
public sealed record SafetensorsSpec(string Name, ElementType ElementType, params IReadOnlyList<long> Shape)
{
    /// <summary>Bytes of all elements.</summary>
    /// <exception cref="ArgumentException">A dimension is negative, or the product larger than 2^63 - 1.</exception>
    internal long ByteLength
    {
        get
        {
            long bytes = ElementType.ByteSize();
            foreach (long dimension in Shape)
            {
                try
                {
                    bytes = dimension >= 0 ? checked(bytes * dimension) : throw new ArgumentException($"A dimension of {Name} is negative.");
                }
                catch (OverflowException exception)
                {
                    throw new ArgumentException($"The shape of {Name} is too large.", exception);
                }
            }

            return bytes;
        }
    }
}
