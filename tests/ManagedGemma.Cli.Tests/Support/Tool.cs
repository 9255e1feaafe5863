using System.Diagnostics;
using System.Text;
using ManagedGemma.Cli.Hosting;

namespace ManagedGemma.Cli.Tests.Support;

/// <summary>Runs the command line: in this process where that is enough, else as a child.</summary>
internal static class Tool
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "managed-gemma.dll");

    /// <summary>Runs in this process, with redirected streams and no input.</summary>
    public static Outcome Run(params string[] args) => RunWithInput([], args);

    /// <summary>Runs in this process with bytes as standard input.</summary>
    public static Outcome RunWithInput(byte[] input, params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Host host = new()
        {
            Input = () => new MemoryStream(input),
            IsInputRedirected = true,
            Out = output,
            IsOutTerminal = false,
            Error = error,
            IsErrorTerminal = false,
        };
        int code = CommandLine.Run(args, host);
        return new Outcome(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs as a child process.</summary>
    public static Outcome RunChild(IReadOnlyDictionary<string, string>? environment, string[] args, byte[]? input = null)
    {
        using Process process = Start(environment, args);
        process.StandardInput.BaseStream.Write(input ?? []);
        process.StandardInput.Close();
        return Finish(process);
    }

    /// <summary>Runs a shell script, in which $CLI is the command.</summary>
    public static Outcome RunShell(string script, params string[] args)
    {
        ProcessStartInfo start = Redirected("/bin/sh");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"CLI='{DotNet()} {Program}'; {script}");
        start.ArgumentList.Add("sh");
        foreach (string arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return Finish(process);
    }

    /// <summary>Starts a child process with redirected streams.</summary>
    public static Process Start(IReadOnlyDictionary<string, string>? environment, params string[] args)
    {
        ProcessStartInfo start = Redirected(DotNet());
        start.ArgumentList.Add(Program);
        foreach (string arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Waits for a child and takes what it said.</summary>
    public static Outcome Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill();
            Assert.Fail("the command did not end");
        }

        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    private static ProcessStartInfo Redirected(string program) => new(program)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        StandardOutputEncoding = Encoding.UTF8,
        StandardErrorEncoding = Encoding.UTF8,
    };

    private static string DotNet() => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
}
