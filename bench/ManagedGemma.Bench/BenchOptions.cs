using System.CommandLine;

namespace ManagedGemma.Bench;

/// <summary>Options that several benches take.</summary>
internal static class BenchOptions
{
    /// <summary>Threads at once.</summary>
    public static Option<int[]> Threads() => Numbers("--threads", "threads, e.g. 1,2", 1, 2);

    /// <summary>Layers of the synthetic 12b.</summary>
    public static Option<int> Layers() => new("--layers") { Description = "layers of the synthetic 12b", DefaultValueFactory = _ => 6 };

    /// <summary>Numbers between commas.</summary>
    public static Option<int[]> Numbers(string name, string description, params int[] ifAbsent) => new(name)
    {
        Description = description,
        CustomParser = result => [.. result.Tokens[0].Value.Split(',').Select(int.Parse)],
        DefaultValueFactory = _ => ifAbsent,
    };

    /// <summary>Words between commas.</summary>
    public static Option<string[]> Words(string name, string description, params string[] ifAbsent) => new(name)
    {
        Description = description,
        CustomParser = result => result.Tokens[0].Value.Split(','),
        DefaultValueFactory = _ => ifAbsent,
    };
}
