using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>
/// One kind of GGUF block. The values are those of ggml's Python package bit for bit: every product and difference is rounded by
/// itself, none is fused (ggml's C code leaves that to the compiler).
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
