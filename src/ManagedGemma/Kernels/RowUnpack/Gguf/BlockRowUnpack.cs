using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Kernels.RowUnpack.Gguf;

/// <summary>Rows of one kind of block, one block after the other.</summary>
internal sealed unsafe class BlockRowUnpack<TBlock> : IRowUnpack
    where TBlock : struct, IGgufBlock
{
    private static readonly int Length = TBlock.Type.BlockLength();
    private static readonly int Bytes = TBlock.Type.BlockBytes();

    public void Unpack(in PackedRow row, int first, Span<float> destination)
    {
        byte* block = row.Values + ((nint)(first / Length) * Bytes);
        for (int i = 0; i < destination.Length; i += Length)
        {
            TBlock.Unpack(block, destination.Slice(i, Length));
            block += Bytes;
        }
    }
}
