using System.Runtime.Intrinsics.X86;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Package.Tests.Support;

/// <summary>A slow test of programs compiled ahead of time for x86-64-v3, perhaps on a processor that another program plays.</summary>
internal sealed class NativeFactAttribute : SlowFactAttribute
{
    public NativeFactAttribute(string? emulator = null)
    {
        if (!Avx2.IsSupported || !Fma.IsSupported)
        {
            Skip = "this processor has not what programs are compiled for";
        }
        else if (emulator is not null && !OnPath(emulator))
        {
            Skip = $"{emulator} is not installed";
        }
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, program)));
}
