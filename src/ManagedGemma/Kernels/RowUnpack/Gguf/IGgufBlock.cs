using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>
/// One kind of GGUF block. The values are those of ggml's Python package bit for bit. Where a minimum is added, a half-precision scale
/// (11 bits) times a scale (6) times a weight (5) is exact in float32, so that fused and separate rounding are the same; Q6_K's and
/// the other products may round, in the order that each block's formula says.
/// </summary>
internal unsafe interface IGgufBlock
{
    /// <summary>The kind, which says how many weights and bytes a block has.</summary>
    static abstract GgufType Type { get; }

    /// <summary>Widens a block.</summary>
    /// <param name="block">The block's bytes; need not be aligned.</param>
    /// <param name="values">Takes the block's weights in order.</param>
    static abstract void Unpack(byte* block, Span<float> values);
}
