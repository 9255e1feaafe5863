using System.Runtime.CompilerServices;

namespace ManagedGemma.Hub.Tests.Support;

/// <summary>Whatever hub, token and proxy the machine has, the tests meet none of them.</summary>
internal static class HubEnvironment
{
#pragma warning disable CA2255 // A test assembly is nobody's library.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Clear()
    {
        foreach (string name in new[]
        {
            "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HUGGINGFACE_HUB_CACHE",
            "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
        })
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        Environment.SetEnvironmentVariable("HF_HOME", Path.Combine(Path.GetTempPath(), "managed-gemma-no-such-home"));
    }
}
