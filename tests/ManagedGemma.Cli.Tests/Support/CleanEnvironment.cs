using System.Runtime.CompilerServices;

namespace ManagedGemma.Cli.Tests.Support;

/// <summary>Whatever models the machine has, the tests start from none: commands without --model meet the demo.</summary>
internal static class CleanEnvironment
{
#pragma warning disable CA2255 // A test assembly is nobody's library.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Clear()
    {
        foreach (string name in new[]
        {
            "MANAGED_GEMMA_MODEL", "MANAGED_GEMMA_ISA", "MANAGED_GEMMA_DEBUG", "HF_HOME", "CAR_DUMP_GEMMA_HIDDEN", "CAR_DUMP_LTX_STAGE",
        })
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        Environment.SetEnvironmentVariable("HF_HUB_CACHE", Path.Combine(Path.GetTempPath(), "managed-gemma-no-such-cache"));
    }
}
