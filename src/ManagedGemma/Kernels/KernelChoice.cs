namespace ManagedGemma.Kernels;

/// <summary>Which kernel an operation got.</summary>
/// <param name="Operation">The operation, e.g. "int4 panel, int16 activations".</param>
/// <param name="Kernel">The kernel's name, which tells its algorithm.</param>
/// <param name="InstructionSet">What it is written for.</param>
public sealed record KernelChoice(string Operation, string Kernel, InstructionSet InstructionSet);
