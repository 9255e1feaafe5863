using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Says loudly that the demo stands in for a model.</summary>
internal static class DemoNotice
{
    private static readonly string[] Way =
    [
        string.Empty,
        "To get the text encoder of LTX-2, Gemma 3 12B in 4 bits (8 GB):",
        $"  managed-gemma pull {GemmaTextEncoder.DefaultRepository}",
        "Or name another model, by its directory or as owner/name:",
        $"  --model MODEL  or  {GemmaTextEncoder.ModelVariable}=MODEL",
    ];

    /// <summary>For commands that run the model.</summary>
    public static void ForWeights(Screen screen) => screen.Notice(
        "Demo: random weights",
        $"no model found: the demo's weights are random and its features mean nothing; use managed-gemma pull, --model or {GemmaTextEncoder.ModelVariable}",
        ["No model was found. The built-in demo stands in: a tiny decoder", "with random weights. Its features mean nothing.", .. Way]);

    /// <summary>For commands that only tokenise.</summary>
    public static void ForTokens(Screen screen) => screen.Notice(
        "Demo: bytes for tokens",
        $"no model found: the demo's tokens are bytes and mean nothing to Gemma; use managed-gemma pull, --model or {GemmaTextEncoder.ModelVariable}",
        ["No model was found. The built-in demo stands in: its tokens are", "the bytes of the text. They mean nothing to Gemma.", .. Way]);
}
