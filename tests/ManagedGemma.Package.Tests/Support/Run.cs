using System.Diagnostics;
using System.Text;

namespace ManagedGemma.Package.Tests.Support;

/// <summary>What a child process left.</summary>
internal sealed record Run(int Code, string Out, string Error)
{
    /// <summary>The SDK's or the runtime's command that runs this test.</summary>
    public static string DotNet { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";

    /// <summary>Runs a program to its end.</summary>
    /// <param name="directory">The directory that it starts in.</param>
    /// <param name="program">The program.</param>
    /// <param name="args">Its arguments.</param>
    public static Run In(string directory, string program, params string[] args)
    {
        using Process process = Start(directory, program, args);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(20)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} did not end");
        }

        return new Run(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>
    /// Starts a program with redirected streams, in an environment without models and without what the test's own build has set; kernels are of
    /// the one set that programs of both compilers find on a processor with AVX2 or more.
    /// </summary>
    public static Process Start(string directory, string program, params string[] args) => StartWith("avxvnni", directory, program, args);

    /// <summary>The same with kernels of at most a set; null: what the program chooses.</summary>
    public static Process StartWith(string? instructionSet, string directory, string program, params string[] args)
    {
        ProcessStartInfo start = new(program, args)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment.Remove("MANAGED_GEMMA_MODEL");
        start.Environment["HF_HUB_CACHE"] = Path.Combine(Path.GetTempPath(), "managed-gemma-no-such-cache");
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";

        // No build server outlives the test.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["MANAGED_GEMMA_ISA"] = instructionSet ?? string.Empty;
        return Process.Start(start)!;
    }

    /// <summary>Fails the test, with what the child said, unless it succeeded.</summary>
    public Run Succeeds()
    {
        Assert.True(Code == 0, $"exit code {Code}\n{Out}\n{Error}");
        return this;
    }
}
