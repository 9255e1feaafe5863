using System.Diagnostics;
using ManagedGemma.Package.Tests.Support;
using Xunit.Abstractions;

namespace ManagedGemma.Package.Tests;

/// <summary>The command line, compiled ahead of time.</summary>
[Trait("Category", "Slow")]
[Collection(nameof(PackedRepository))]
public class NativeToolTests(PackedRepository repository, ITestOutputHelper output)
{
    [NativeFact]
    public void It_is_published_without_a_warning_and_encodes()
    {
        _ = repository.Packages; // the sources' copy, built
        string directory = repository.NewDirectory("tool");
        Run publish = Run.In(
            Path.Combine(repository.Source, "src", "ManagedGemma.Cli"),
            Run.DotNet,
            ["publish", "--configuration", "Release", "--use-current-runtime", "-p:PublishAot=true", "-p:TrimmerSingleWarn=false", "--output", directory]).Succeeds();
        Assert.DoesNotContain("warning", publish.Out, StringComparison.OrdinalIgnoreCase);
        string program = Path.Combine(directory, "managed-gemma");
        Run encode = Run.In(directory, program, "encode", "A red fox", "--output", "fox.safetensors", "--quiet", "--json").Succeeds();
        Assert.Contains("\"is_demo\":true", encode.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(directory, "fox.safetensors")));
        Assert.Contains("Avx2", Run.In(directory, program, "inspect").Succeeds().Out, StringComparison.Ordinal);
        double[] milliseconds = [.. Enumerable.Range(0, 10).Select(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            Run.In(directory, program, "tokenize", "A red fox", "--quiet").Succeeds();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }).Order()];
        output.WriteLine($"{new FileInfo(program).Length / 1e6:0.00} MB; tokenize takes {milliseconds[0]:0.0} ms at best, {milliseconds[5]:0.0} ms at the median");
    }
}
