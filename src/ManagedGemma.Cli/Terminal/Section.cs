namespace ManagedGemma.Cli.Terminal;

/// <summary>A small table for people. Cells are shown as they are: no markup, control characters spelt out.</summary>
/// <param name="Title">Above it; empty: none.</param>
/// <param name="Columns">Heads; empty: a table without heads. A head that begins with <c>&gt;</c> is of numbers, set to the right.</param>
/// <param name="Rows">As many cells each as there are heads; two where there are none.</param>
internal sealed record Section(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>Rows that a terminal shows in red.</summary>
    public IReadOnlySet<int> Marked { get; init; } = new HashSet<int>();

    /// <summary>A section of names and values.</summary>
    public static Section Of(string title, params IEnumerable<(string Name, string Value)> facts) =>
        new(title, [], [.. facts.Select(x => (IReadOnlyList<string>)[x.Name, x.Value])]);
}
