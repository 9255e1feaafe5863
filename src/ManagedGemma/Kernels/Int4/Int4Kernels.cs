namespace ManagedGemma.Kernels.Int4;

/// <summary>The three kernels that multiply 4-bit weights with activations of one type.</summary>
internal sealed record Int4Kernels(ActivationType Type, IActivationQuantizer Quantizer, IInt4Panel Panel, IInt4Row Row);
