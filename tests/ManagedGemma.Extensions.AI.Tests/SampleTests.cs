using System.Diagnostics;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary>The sample program builds with the tests and runs.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task The_sample_runs()
    {
        using TemporaryDirectory directory = new();
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        ProcessStartInfo start = new(dotnet, [Path.Combine(AppContext.BaseDirectory, "Chat.dll"), TinyModel.Write(directory["tiny"])])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(3));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail("the sample did not end");
        }

        Assert.True(process.ExitCode == 0, await error);
        Assert.EndsWith($" dimensions{Environment.NewLine}", await output, StringComparison.Ordinal);
    }
}
