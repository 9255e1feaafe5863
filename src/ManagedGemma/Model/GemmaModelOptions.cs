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
}
