using System.Runtime.CompilerServices;
using ManagedGemma.Kernels.Int4;
using WordTranspose = ManagedGemma.Kernels.Int4.WordTransposeAvx2;

namespace ManagedGemma.Kernels.TileTranspose;

/// <summary>8 rows by 8 columns at once; a last block of fewer rows repeats its last one.</summary>
internal sealed unsafe class TileTransposeAvx2 : ITileTranspose
{
    [MethodImpl(KernelMethod.Options)]
    public void Transpose(float* rows, nint rowStride, int count, int columns, float* tile)
    {
        byte** pointers = stackalloc byte*[WordTranspose.Rows];
        for (int first = 0; first < count; first += WordTranspose.Rows)
        {
            for (int row = 0; row < WordTranspose.Rows; row++)
            {
                pointers[row] = (byte*)(rows + (Math.Min(first + row, count - 1) * rowStride));
            }

            for (nint k = 0; k < columns; k += ITileTranspose.ColumnMultiple)
            {
                uint* target = (uint*)(tile + (k * ITileTranspose.TileRows) + first);
                WordTranspose.EightWords<WordStore>(pointers, k * sizeof(float), target, ITileTranspose.TileRows);
            }
        }
    }
}
