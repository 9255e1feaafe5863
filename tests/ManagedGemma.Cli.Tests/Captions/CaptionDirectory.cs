using System.Text;
using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests.Captions;

/// <summary>A list of captions, and runs of <c>condition</c> over it with the demo encoder and a tiny LTX checkpoint.</summary>
internal sealed class CaptionDirectory : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public static string Ltx { get; } = Path.Combine(Repository.Root, "tests", "fixtures", "ltx", "v23", "ltx-tiny.safetensors");

    public string this[string name] => _directory[name];

    public string Output => _directory["out"];

    /// <summary>All outputs, by their path below the output's directory; the record of what they were made of is left out.</summary>
    public SortedDictionary<string, byte[]> Outputs => OutputsOf(Output);

    public void Dispose() => _directory.Dispose();

    public static SortedDictionary<string, byte[]> OutputsOf(string directory) => new(
        Directory.GetFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Where(x => !Path.GetFileName(x).StartsWith(".managed-gemma-captions", StringComparison.Ordinal))
            .ToDictionary(x => Path.GetRelativePath(directory, x).Replace('\\', '/'), File.ReadAllBytes),
        StringComparer.Ordinal);

    /// <summary>Writes JSON lines <c>list.jsonl</c>.</summary>
    public void Write(params (string Caption, string Media)[] captions) => File.WriteAllText(
        this["list.jsonl"],
        string.Join('\n', captions.Select(x => $"{{\"caption\": \"{JsonEncodedText.Encode(x.Caption)}\", \"media_path\": \"{JsonEncodedText.Encode(x.Media)}\"}}")),
        new UTF8Encoding(false));

    public string[] Args(params string[] more) =>
        ["condition", "--captions", this["list.jsonl"], "--ltx", Ltx, "--length", "128", .. more, .. more.Contains("--output") ? Array.Empty<string>() : ["--output", Output]];

    public Outcome Run(params string[] more) => Tool.Run(Args(more));

    /// <summary>Outcomes of all captions.</summary>
    public string[] Outcomes(int code, params string[] more)
    {
        Outcome outcome = Run([.. more, "--json"]);
        Assert.True(outcome.Code == code, $"exit code {outcome.Code}: {outcome.Error}");
        return [.. outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => JsonDocument.Parse(x).RootElement.GetProperty("outcome").GetString()!)];
    }

    /// <summary>The file that a caption gives alone.</summary>
    public byte[] Alone(string caption, params string[] more)
    {
        string path = this[$"alone-{Guid.NewGuid():N}"];
        Tool.Run(["condition", "--ltx", Ltx, "--length", "128", "--output", path, .. more, "--", caption]).Succeeds();
        return File.ReadAllBytes(path);
    }
}
