using ManagedGemma.Checkpoints;

namespace ManagedGemma.Model;

/// <summary>One of a decoder's matrices, and how products with it are computed.</summary>
/// <param name="Matrix">Its tensors.</param>
/// <param name="Product">The kind of kernel.</param>
public sealed record MatrixUse(WeightMatrix Matrix, MatrixProduct Product);
