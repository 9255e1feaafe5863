using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels;

/// <summary>
/// Finds programs that were compiled ahead of time for less than the processor offers. Whatever the just-in-time compiler does not use was
/// switched off by someone who knows.
/// </summary>
internal static class InstructionSetAdvice
{
    private static readonly Lazy<string?> Found = new(() =>
    {
        string? advice = RuntimeFeature.IsDynamicCodeCompiled ? null : For(ProcessorInstructionSets.Widest(), Compiled());
        if (advice is not null)
        {
            GemmaEventSource.Log.SlowerThanTheMachine(advice);
        }

        return advice;
    });

    /// <summary>
    /// What to tell about this program on this machine; null when there is nothing. The first call of a process also raises an event.
    /// </summary>
    /// <param name="limit">What the caller allows: nothing above it is missed.</param>
    public static string? For(InstructionSet limit) => limit > Compiled() ? Found.Value : null;

    /// <summary>What to tell of a program compiled for one set on a processor with another; null when it is not less.</summary>
    public static string? For(InstructionSet processor, InstructionSet compiled)
    {
        if (compiled >= processor)
        {
            return null;
        }

        (string has, string setting) = processor switch
        {
            InstructionSet.Avx512 => ("AVX-512", "x86-64-v4"),
            InstructionSet.AvxVnni => ("AVX-VNNI", "x86-64-v3,avxvnni"),
            _ => ("AVX2", "x86-64-v3"),
        };
        return $"this program was compiled without {has}, which the processor has: publish with IlcInstructionSet={setting} to use it, "
            + "for machines that all have it";
    }

    // The kernels that this program can choose from here, whatever is chosen.
    private static InstructionSet Compiled() =>
        InstructionSets.IsAccelerated(InstructionSet.Avx512) ? InstructionSet.Avx512
        : InstructionSets.IsAccelerated(InstructionSet.AvxVnni) ? InstructionSet.AvxVnni
        : InstructionSets.IsAccelerated(InstructionSet.Avx2) ? InstructionSet.Avx2
        : InstructionSet.Scalar;
}
