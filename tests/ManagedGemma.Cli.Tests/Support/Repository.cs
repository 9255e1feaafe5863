using System.Runtime.CompilerServices;

namespace ManagedGemma.Cli.Tests.Support;

/// <summary>Fixtures of the repository.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    /// <summary>A tiny checkpoint in two shards, with a vision tower beside the decoder and no tokenizer.</summary>
    public static string Zoo { get; } = Path.Combine(Root, "tests", "fixtures", "zoo", "vlm-4bit");

    /// <summary>The text parts of a tiny LTX checkpoint: v20 for an encoder of width 64, v23 for the demo's 128.</summary>
    public static string Ltx(string version) => Path.Combine(Root, "tests", "fixtures", "ltx", version, "ltx-tiny.safetensors");

    public static string Bad(string name) => Path.Combine(Root, "tests", "fixtures", "zoo", "bad", name);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
