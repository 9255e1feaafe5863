namespace ManagedGemma.Kernels.TileTranspose;

/// <summary>The reference.</summary>
internal sealed unsafe class TileTransposeScalar : ITileTranspose
{
    public void Transpose(float* rows, nint rowStride, int count, int columns, float* tile)
    {
        for (int row = 0; row < count; row++)
        {
            for (int k = 0; k < columns; k++)
            {
                tile[(k * ITileTranspose.TileRows) + row] = rows[(row * rowStride) + k];
            }
        }
    }
}
