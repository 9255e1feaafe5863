namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>Rows of one of MLX's formats.</summary>
internal sealed unsafe class MlxRowUnpack(MlxFormat format, IMlxUnpack kernel) : IRowUnpack
{
    public void Unpack(in PackedRow row, int first, Span<float> destination)
    {
        fixed (float* target = destination)
        {
            kernel.Unpack(format, row, first, target, destination.Length);
        }
    }
}
