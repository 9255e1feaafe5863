using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>Signals in the middle of work.</summary>
public sealed partial class InterruptTests : IDisposable
{
    private const int SigInt = 2, SigTerm = 15;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(SigInt)]
    [InlineData(SigTerm)]
    public void Encoding_stops_and_leaves_nothing(int signal)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // Minutes of work for the scalar kernels.
        string ids = string.Join(',', Enumerable.Repeat(7, 16_000));
        StopsAndLeavesNothing(
            signal, "encode", "--ids", ids, "--max-length", "16000", "--precision", "float32", "--hidden-states", "--output", _directory["out.safetensors"]);
    }

    [Fact]
    public void A_batch_stops_with_whole_files_only_and_goes_on_later()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int Count = 400;
        File.WriteAllLines(_directory["list.txt"], Enumerable.Range(0, Count).Select(x => new string((char)('a' + (x % 26)), 100)));
        string[] args = ["encode", "--batch", _directory["list.txt"], "--pad", "none", "--batch-tokens", "300", "--output", _directory["out"]];
        using Process process = Tool.Start(new Dictionary<string, string> { ["MANAGED_GEMMA_ISA"] = "scalar" }, args);
        WaitFor(() => Directory.Exists(_directory["out"]) && Directory.GetFiles(_directory["out"], "*.safetensors").Length > 0);
        Interrupt(process, SigInt);
        string[] files = Directory.GetFiles(_directory["out"], "*", new EnumerationOptions { AttributesToSkip = 0 });
        Assert.InRange(files.Length, 1, Count - 1);
        Assert.All(files, x => Assert.EndsWith(".safetensors", x, StringComparison.Ordinal));

        // What is there is whole, or the second run would complain.
        string error = Tool.Run(args).Succeeds().Error;
        Assert.Contains($"{files.Length} were there", error, StringComparison.Ordinal);
        Assert.Equal(Count, Directory.GetFiles(_directory["out"]).Length);
    }

    // In the encoder, and in the connectors: of one token and as many slots as there may be, nearly all of the work is theirs.
    [Theory]
    [InlineData(15_000)]
    [InlineData(1)]
    public void Conditioning_stops_and_leaves_nothing(int tokens)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string ids = string.Join(',', Enumerable.Repeat(7, tokens));
        StopsAndLeavesNothing(
            SigInt, "condition", "--ids", ids, "--ltx", Repository.Ltx("v23"), "--length", "16384", "--precision", "float32", "--output", _directory["out"]);
    }

    [Fact]
    public void Captions_stop_with_whole_files_only_and_go_on_later()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int Count = 60;
        File.WriteAllLines(_directory["list.txt"], Enumerable.Range(0, Count).Select(x => new string((char)('a' + (x % 26)), 30 + (x / 26))));
        string[] args = ["condition", "--captions", _directory["list.txt"], "--ltx", Repository.Ltx("v23"), "--batch-tokens", "100", "--output"];
        using Process process = Tool.Start(
            new Dictionary<string, string> { ["MANAGED_GEMMA_ISA"] = "scalar" }, [.. args, _directory["out"], "--cache", _directory["cache"]]);
        WaitFor(() => Outputs("out").Any(file => file.EndsWith(".safetensors", StringComparison.Ordinal)));
        Interrupt(process, SigInt);
        string[] files = Outputs("out");
        Assert.InRange(files.Length, 1, Count - 1);
        Assert.All(files, file => Assert.EndsWith(".safetensors", file, StringComparison.Ordinal));
        Dictionary<string, DateTime> dates = files.ToDictionary(file => file, File.GetLastWriteTimeUtc);

        // What is there is whole and known to be these captions', and nothing of it is made again.
        string error = Tool.Run([.. args, _directory["out"]]).Succeeds().Error;
        Assert.Contains($"{Count - files.Length} encoded, {files.Length} were there", error, StringComparison.Ordinal);
        Assert.DoesNotContain("without a record", error, StringComparison.Ordinal);
        Assert.All(dates, x => Assert.Equal(x.Value, File.GetLastWriteTimeUtc(x.Key)));
        Assert.Equal(Count, Outputs("out").Length);
        Assert.DoesNotContain(
            Directory.GetFiles(_directory["cache"], "*", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true }),
            file => !file.EndsWith(".safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Waiting_for_standard_input_stops_too()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Process process = Tool.Start(null, "tokenize", "--jsonl", "-", "--quiet");
        process.StandardInput.WriteLine("{\"text\": \"a\"}");
        process.StandardInput.Flush();
        Assert.NotNull(await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        TimeSpan taken = Stop(process, SigInt);
        Assert.Equal(130, process.ExitCode);
        Assert.InRange(taken, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ctrl_c_stops_an_answer_and_then_the_chat(bool isEndedBySignal)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // Tokens without end: none that stops may come.
        using Process process = Tool.Start(null, "chat", "--greedy", "--max-tokens", "100000", "--logit-bias", "1=-inf");
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.WriteLine("hello");
        process.StandardInput.Flush();
        char[] some = new char[1];
        Assert.Equal(1, await process.StandardOutput.ReadAsync(some).AsTask().WaitAsync(TimeSpan.FromSeconds(120)));
        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        Assert.Equal(0, Kill(process.Id, SigInt));
        process.StandardInput.WriteLine($"/save {_directory["talk.jsonl"]}");
        process.StandardInput.Flush();

        // The chat goes on: it obeys a command that came after the signal.
        WaitFor(() => File.Exists(_directory["talk.jsonl"]));
        Assert.False(process.HasExited);
        if (isEndedBySignal)
        {
            Assert.InRange(Stop(process, SigInt), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        }
        else
        {
            process.StandardInput.WriteLine("/exit");
            process.StandardInput.Flush();
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)));
        }

        Assert.Equal(isEndedBySignal ? 130 : 0, process.ExitCode);
        Assert.Contains("(stopped)", await error, StringComparison.Ordinal);
        string[] saved = File.ReadAllLines(_directory["talk.jsonl"]);
        Assert.Equal(2, saved.Length);
        using JsonDocument answer = JsonDocument.Parse(saved[1]);
        Assert.Equal(some[0] + (await rest).TrimEnd('\n'), answer.RootElement.GetProperty("content").GetString()!.TrimEnd('\n'));
    }

    [Fact]
    public async Task Generating_stops_and_what_was_said_stays()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Process process = Tool.Start(null, "generate", "hello", "--greedy", "--max-tokens", "100000", "--logit-bias", "1=-inf", "--quiet");
        char[] some = new char[1];
        Assert.Equal(1, await process.StandardOutput.ReadAsync(some).AsTask().WaitAsync(TimeSpan.FromSeconds(120)));
        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        Assert.InRange(Stop(process, SigInt), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(130, process.ExitCode);
        Assert.EndsWith("\n", await rest, StringComparison.Ordinal);
    }

    private void StopsAndLeavesNothing(int signal, params string[] args)
    {
        using Process process = Tool.Start(new Dictionary<string, string> { ["MANAGED_GEMMA_ISA"] = "scalar" }, args);
        WaitFor(() => _directory.Entries.Length > 0);
        Thread.Sleep(300);
        Assert.False(process.HasExited);
        Interrupt(process, signal);
        Assert.Empty(_directory.Entries);
    }

    // The command ends in time, with its code and a line for people.
    private static void Interrupt(Process process, int signal)
    {
        TimeSpan taken = Stop(process, signal);
        Outcome outcome = Tool.Finish(process);
        Assert.Equal(130, outcome.Code);
        Assert.Contains("managed-gemma: interrupted", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);

        // A second is meant; a loaded machine gets more.
        Assert.InRange(taken, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    // All but the record of what they were made of.
    private string[] Outputs(string directory) => Directory.Exists(_directory[directory])
        ? [.. Directory.GetFiles(_directory[directory], "*", new EnumerationOptions { AttributesToSkip = 0 })
            .Where(file => !Path.GetFileName(file).StartsWith(".managed-gemma-captions", StringComparison.Ordinal))]
        : [];

    private static TimeSpan Stop(Process process, int signal)
    {
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal(0, Kill(process.Id, signal));
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill();
            Assert.Fail("the command did not stop");
        }

        return watch.Elapsed;
    }

    private static void WaitFor(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "it never began");
            Thread.Sleep(20);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
