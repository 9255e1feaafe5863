using ManagedGemma.Kernels;

namespace ManagedGemma.Model;

/// <summary>How a model is set up.</summary>
public sealed record GemmaModelOptions
{
    /// <summary>
    /// Threads that compute, the caller's included; null: as many as the process may use (a container's limit is honoured).
    /// The result's bits do not depend on it.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>The highest instruction set to use; null: what the environment variable MANAGED_GEMMA_ISA says, else the best.</summary>
    public InstructionSet? InstructionSet { get; init; }

    /// <summary>
    /// Whether a layer's pages of the mapped file are given back to the system once it has run. Then an encode occupies a few layers'
    /// worth of memory, and reads the whole file anew each time: for a machine with less memory than the file.
    /// </summary>
    public bool ReleasePages { get; init; }
}
