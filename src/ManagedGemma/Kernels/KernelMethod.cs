using System.Runtime.CompilerServices;

namespace ManagedGemma.Kernels;

/// <summary>How a kernel's loop is compiled.</summary>
internal static class KernelMethod
{
    /// <summary>
    /// Optimised at once, and a method of its own. The just-in-time compiler inlines a virtual call's only target into a caller that has
    /// become hot; there a kernel exceeds the inlining budget, its vectors pass through memory, and it runs at half its speed.
    /// </summary>
    public const MethodImplOptions Options = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
}
