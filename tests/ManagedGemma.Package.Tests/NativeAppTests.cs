using System.Diagnostics;
using System.Runtime.Intrinsics;
using ManagedGemma.Package.Tests.Support;
using Xunit.Abstractions;

namespace ManagedGemma.Package.Tests;

/// <summary>The console sample with a reference to the package and PublishAot, and nothing else.</summary>
[Trait("Category", "Slow")]
[Collection(nameof(PackedRepository))]
public class NativeAppTests(PackedRepository repository, ITestOutputHelper output)
{
    private const string Prompt = "A red fox runs through fresh snow.";
    private const string Qemu = "qemu-x86_64";

    [NativeFact]
    public void It_writes_the_bits_that_the_just_in_time_compiler_writes()
    {
        byte[] jit = JitFeatures();
        string directory = repository.NewDirectory("run-native");
        Run run = Run.In(directory, repository.NativeApp, Prompt).Succeeds();
        Assert.Equal(jit, File.ReadAllBytes(Path.Combine(directory, "features.safetensors")));
        Assert.Empty(run.Error); // The children's environment allows AVX2 and AVX-VNNI, and all of that is used.
    }

    [NativeFact]
    public void It_says_what_the_processor_could_do_besides()
    {
        string directory = repository.NewDirectory("run-advice");
        using Process process = Run.StartWith(null, directory, repository.NativeApp, Prompt);
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        if (Vector512.IsHardwareAccelerated)
        {
            Assert.Contains("IlcInstructionSet=x86-64-v4", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }
        else
        {
            Assert.Empty(error);
        }
    }

    /// <summary>AVX-VNNI is looked for at run time: QEMU's processor has AVX2 and not it, and integer products have the same bits on both.</summary>
    [NativeFact(Qemu)]
    public void One_binary_runs_with_and_without_avx_vnni()
    {
        byte[] jit = JitFeatures();
        string directory = repository.NewDirectory("run-qemu");
        Run.In(directory, Qemu, "-cpu", "max", repository.NativeApp, Prompt).Succeeds();
        Assert.Equal(jit, File.ReadAllBytes(Path.Combine(directory, "features.safetensors")));
    }

    [NativeFact]
    public void It_is_small_and_starts_at_once()
    {
        string directory = repository.NewDirectory("run-start");
        long bytes = new FileInfo(repository.NativeApp).Length;
        double[] milliseconds = [.. Enumerable.Range(0, 20).Select(_ => FirstLine(directory, repository.NativeApp)).Order()];
        output.WriteLine($"{bytes / 1e6:0.00} MB; first token ids after {milliseconds[0]:0.0} ms at best, {milliseconds[10]:0.0} ms at the median");
        Assert.InRange(bytes, 1_000_000, 8_000_000);

        // At best: the machine may have other things to do.
        Assert.InRange(milliseconds[0], 0, 50);
    }

    [SlowTheory]
    [InlineData("x86-64-v3", "RuntimeIdentifier=linux-x64")]
    [InlineData("x86-64-v3", "RuntimeIdentifier=linux-musl-x64")]
    [InlineData("x86-64-v3", "RuntimeIdentifier=win-x64")]
    [InlineData("x86-64-v3", "RuntimeIdentifier=osx-x64")]
    [InlineData("", "RuntimeIdentifier=linux-arm64")]
    [InlineData("", "RuntimeIdentifier=android-x64")]
    [InlineData("", "RuntimeIdentifier=linux-x64", "ManagedGemmaSetInstructionSet=false")]
    [InlineData("", "RuntimeIdentifier=linux-x64", "PublishAot=false")]
    [InlineData("native", "RuntimeIdentifier=linux-x64", "IlcInstructionSet=native")]
    public void The_package_sets_an_instruction_set_unless_told_otherwise(string expected, params string[] properties)
    {
        _ = repository.NativeApp; // restored
        string[] args = ["msbuild", "-getProperty:IlcInstructionSet", .. properties.Select(property => $"-p:{property}")];
        Assert.Equal(expected, Run.In(repository.App, Run.DotNet, args).Succeeds().Out.Trim());
    }

    private byte[] JitFeatures()
    {
        string build = repository.NewDirectory("jit"), program = Path.Combine(build, "ConsoleApp.dll");
        if (!File.Exists(program))
        {
            // Not restored anew: the assets are those of the published program.
            _ = repository.NativeApp;
            Run.In(repository.App, Run.DotNet, "build", "--use-current-runtime", "--no-self-contained", "--output", build).Succeeds();
        }

        string directory = repository.NewDirectory("run-jit");
        Run.In(directory, Run.DotNet, program, Prompt).Succeeds();
        return File.ReadAllBytes(Path.Combine(directory, "features.safetensors"));
    }

    private static double FirstLine(string directory, string program)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Run.Start(directory, program, Prompt);
        string? line = process.StandardOutput.ReadLine();
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Assert.StartsWith("token ids: 2 ", line, StringComparison.Ordinal);
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return milliseconds;
    }
}
