using SharpFuzz;

namespace ManagedGemma.Fuzz;

/// <summary>
/// The fuzzer's entry: <c>TARGET</c> under afl-fuzz, <c>replay TARGET FILE...</c> by hand, and <c>instrument DLL</c>,
/// which prepares a copy of the library for afl-fuzz.
/// </summary>
internal static class FuzzProgram
{
    /// <summary>Every target, by name.</summary>
    public static IReadOnlyDictionary<string, IFuzzTarget> Targets { get; } =
        new IFuzzTarget[]
        {
            new SafetensorsTarget(), new IndexTarget(), new ConfigTarget(), new GgufTarget(), new SentencePieceTarget(), new TokenizerTarget(),
            new PrefixTarget(),
        }
        .ToDictionary(x => x.Name);

    public static int Main(string[] args)
    {
        switch (args)
        {
            case [string name] when Targets.TryGetValue(name, out IFuzzTarget? target):
                Fuzz(target);
                return 0;
            case ["replay", string name, .. string[] files] when Targets.TryGetValue(name, out IFuzzTarget? target):
                return Replay(target, files);
            case ["instrument", string assembly]:
                int types = Fuzzer.Instrument(assembly, _ => true, Options.Value).Count();
                Console.WriteLine($"{types} types instrumented");
                return types > 0 ? 0 : 1;
            default:
                Console.Error.WriteLine($"usage: TARGET | replay TARGET FILE... | instrument DLL; targets: {string.Join(", ", Targets.Keys)}");
                return 2;
        }
    }

    private static void Fuzz(IFuzzTarget target)
    {
        using MemoryStream copy = new();
        Fuzzer.Run(stream =>
        {
            copy.SetLength(0);
            stream.CopyTo(copy);
            target.Run(copy.GetBuffer().AsSpan(0, (int)copy.Length));
        });
    }

    private static int Replay(IFuzzTarget target, string[] files)
    {
        int failures = 0;
        foreach (string file in files)
        {
            try
            {
                target.Run(File.ReadAllBytes(file));
                Console.WriteLine($"ok   {file}");
            }
            catch (Exception exception)
            {
                failures++;
                Console.WriteLine($"FAIL {file}: {exception}");
            }
        }

        return failures == 0 ? 0 : 1;
    }
}
