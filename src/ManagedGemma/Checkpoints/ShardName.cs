using System.Globalization;

namespace ManagedGemma.Checkpoints;

/// <summary>The name of one part of several: <c>model-00002-of-00005.safetensors</c>, counted from 1.</summary>
/// <param name="Stem">What goes before the numbers, without the hyphen.</param>
/// <param name="Number">Which part.</param>
/// <param name="Count">How many parts there are.</param>
/// <param name="Extension">With its dot.</param>
internal sealed record ShardName(string Stem, int Number, int Count, string Extension)
{
    private const string Middle = "-of-";
    private const int Digits = 5;

    /// <summary>Reads a bare file name; null when it is not one of a part.</summary>
    public static ShardName? Parse(string name)
    {
        string extension = Path.GetExtension(name);
        ReadOnlySpan<char> rest = name.AsSpan(0, name.Length - extension.Length);
        const int Tail = 1 + Digits + 4 + Digits;
        if (rest.Length < Tail || rest[^Tail] != '-' || !rest[^(Tail - 1 - Digits)..^Digits].SequenceEqual(Middle))
        {
            return null;
        }

        return int.TryParse(rest[^(Tail - 1)..^(Digits + 4)], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && int.TryParse(rest[^Digits..], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && number >= 1
            && number <= count
            ? new ShardName(rest[..^Tail].ToString(), number, count, extension)
            : null;
    }

    /// <summary>The file name of another part.</summary>
    public string Part(int number) => string.Create(CultureInfo.InvariantCulture, $"{Stem}-{number:D5}{Middle}{Count:D5}{Extension}");

    /// <summary>The paths of all parts in order, each of which exists.</summary>
    /// <exception cref="GemmaException">One does not.</exception>
    public IEnumerable<string> Paths(string directory)
    {
        for (int i = 1; i <= Count; i++)
        {
            string path = Path.Combine(directory, Part(i));
            yield return File.Exists(path) ? path : throw new GemmaException("a part of the model is missing", directory, Untrusted.Show(Part(i)));
        }
    }
}
