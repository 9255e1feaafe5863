using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using ManagedGemma.Kernels;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.House;

/// <summary>
/// The golden and property suites again in child processes that are told to do without some of the processor's instructions, as if the
/// machine had none of them. A knob that does nothing shows: each child asserts which set its table came to.
/// </summary>
public partial class InstructionSetMatrixTests
{
    private const string Expected = "MANAGED_GEMMA_TEST_EXPECTED_ISA";

    // All that reaches a kernel; files, tokens and the house's own rules do not.
    private const string Suites =
        "FullyQualifiedName~ManagedGemma.Tests.Kernels|FullyQualifiedName~ManagedGemma.Tests.Model|FullyQualifiedName~ManagedGemma.Tests.Conditioning|"
        + "FullyQualifiedName~ManagedGemma.Tests.Conversion|FullyQualifiedName~Checkpoints.ElementConversionTests|FullyQualifiedName~" + nameof(The_table_is_the_expected_one);

    // Without any intrinsics multiply-adds are calls, and the models' tests take many minutes: each kernel, and the small goldens.
    private const string SmallSuites =
        "FullyQualifiedName~ManagedGemma.Tests.Kernels|FullyQualifiedName~ZooGoldenTests|FullyQualifiedName~" + nameof(The_table_is_the_expected_one);

    /// <summary>Knobs of .NET's JIT on x64, and the highest set that they leave.</summary>
    public static TheoryData<string, InstructionSet> Knobs { get; } = new()
    {
        { "EnableAVX512=0", InstructionSet.AvxVnni },
        { "EnableAVX512=0 EnableAVXVNNI=0", InstructionSet.Avx2 },
        { "PreferredVectorBitWidth=256", InstructionSet.AvxVnni },
        { "PreferredVectorBitWidth=128", InstructionSet.Vector128 },
        { "EnableAVX2=0", InstructionSet.Vector128 },
        { "EnableHWIntrinsic=0", InstructionSet.Scalar },
    };

    [KnobTheory]
    [MemberData(nameof(Knobs))]
    public async Task All_kernels_and_goldens_agree_with_the_knob(string knobs, InstructionSet highest)
    {
        InstructionSet expected = Enum.GetValues<InstructionSet>().Where(set => set <= highest && InstructionSets.IsAccelerated(set)).Max();
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[] { "test", typeof(InstructionSetMatrixTests).Assembly.Location, "--filter", highest == InstructionSet.Scalar ? SmallSuites : Suites, "--logger", "console;verbosity=normal" })
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string knob in knobs.Split(' '))
        {
            start.Environment["DOTNET_" + knob[..knob.IndexOf('=')]] = knob[(knob.IndexOf('=') + 1)..];
        }

        start.Environment[Expected] = expected.ToString();
        start.Environment["MANAGED_GEMMA_TEST_SLOW"] = null;
        start.Environment[InstructionSets.EnvironmentVariable] = null;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, string.Join('\n', output.Split('\n').Where(line => !line.Contains("Passed ", StringComparison.Ordinal))));
        Assert.Matches(AsExpected(), output);
    }

    [ChildFact]
    public void The_table_is_the_expected_one() =>
        Assert.Equal(Environment.GetEnvironmentVariable(Expected), KernelTable.ForMachine().Choices.Max(choice => choice.InstructionSet).ToString());

    [GeneratedRegex($"Passed .*{nameof(The_table_is_the_expected_one)}")]
    private static partial Regex AsExpected();

    private sealed class KnobTheoryAttribute : TheoryAttribute
    {
        public KnobTheoryAttribute() =>
            Skip = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? new SlowFactAttribute().Skip : "these knobs are those of x64";
    }

    private sealed class ChildFactAttribute : FactAttribute
    {
        public ChildFactAttribute()
        {
            if (Environment.GetEnvironmentVariable(Expected) is null)
            {
                Skip = $"only where {Expected} is set, as in the processes that this class starts";
            }
        }
    }
}
