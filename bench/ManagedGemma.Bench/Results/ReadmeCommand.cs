using System.CommandLine;

namespace ManagedGemma.Bench.Results;

/// <summary><c>readme</c>: the README's tables of speeds, from the stored results.</summary>
internal sealed class ReadmeCommand : Command
{
    private readonly Option<string> _bench = new("--bench") { Description = "the folder bench/ of the repository", Required = true };

    public ReadmeCommand()
        : base("readme", "make the README's tables of speeds from bench/results/*.jsonl")
    {
        Add(_bench);
        SetAction(parsed =>
        {
            string bench = parsed.GetValue(_bench)!, path = Path.Combine(bench, "..", "README.md");
            File.WriteAllText(path, SpeedTable.Apply(File.ReadAllText(path), SpeedTable.Read(Path.Combine(bench, "results"))));
        });
    }
}
