using System.Text;

namespace ManagedGemma.Checkpoints.Synthetic;

/// <summary>
/// A stream of 64-bit words that a name defines and that can be read at any place: splitmix64 counted from the name's
/// FNV-1a hash. The recipe is fixed, so that a checkpoint made from it anywhere is the same byte for byte.
/// </summary>
internal readonly struct CounterStream
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong _seed;

    public CounterStream(string name)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 1099511628211;
        }

        _seed = hash;
    }

    /// <summary>The word at an index.</summary>
    public ulong this[long index]
    {
        get
        {
            ulong z = _seed + (((ulong)index + 1) * Golden);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>A number in [0, 1) of 24 bits from the word at an index.</summary>
    public double Unit(long index) => (this[index] >> 40) / 16777216.0;
}
