using System.Globalization;

namespace ManagedGemma.Cli.Input.Captions;

/// <summary>One of several parts of a list, for several machines: every <see cref="Count"/>th entry, so that parts take about alike.</summary>
/// <param name="Index">Which, from 1.</param>
/// <param name="Count">Of how many.</param>
internal readonly record struct Shard(int Index, int Count)
{
    private const int Most = 100_000;

    /// <summary>All of a list.</summary>
    public static readonly Shard Whole = new(1, 1);

    /// <summary>Reads <c>2/4</c>; null when it is no such thing.</summary>
    public static Shard? Parse(string text)
    {
        string[] numbers = text.Split('/');
        return numbers.Length == 2
            && int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            && int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && index >= 1 && index <= count && count <= Most
                ? new Shard(index, count)
                : null;
    }

    /// <summary>The entries that belong to it, in their order.</summary>
    public IEnumerable<T> Of<T>(IEnumerable<T> entries)
    {
        (int index, int count) = this;
        return entries.Where((_, i) => i % count == index - 1);
    }

    /// <summary>As in <c>2/4</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");
}
