using System.Reflection;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Hosting;

/// <summary>The version of ManagedGemma.</summary>
internal static class ToolVersion
{
    /// <summary>As in "0.1.0", without the commit.</summary>
    public static string Current { get; } =
        typeof(GemmaModel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
