using System.Text.Json;

namespace ManagedGemma.Cli.Tests.Support;

/// <summary>What a run of the command line left.</summary>
internal sealed record Outcome(int Code, string Out, string Error)
{
    /// <summary>Standard output as one JSON object.</summary>
    public JsonElement Json
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(Out);
            return document.RootElement.Clone();
        }
    }

    /// <summary>The lines of standard error.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public Outcome Succeeds()
    {
        Assert.True(Code == 0, $"exit code {Code}: {Error}");
        return this;
    }

    /// <summary>One line that says what is wrong, no output, no stack trace.</summary>
    public string Fails(int code)
    {
        Assert.True(Code == code, $"exit code {Code}: {Error}");
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        string line = Assert.Single(ErrorLines, x => !x.StartsWith("managed-gemma: warning: ", StringComparison.Ordinal));
        Assert.StartsWith("managed-gemma: ", line, StringComparison.Ordinal);
        return line;
    }

    /// <summary>As <see cref="Fails"/>, where the demo's notice may have come first.</summary>
    public string FailsBehindNotice(int code)
    {
        Assert.True(Code == code, $"exit code {Code}: {Error}");
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return Assert.Single(ErrorLines, x => x.StartsWith("managed-gemma: ", StringComparison.Ordinal));
    }
}
