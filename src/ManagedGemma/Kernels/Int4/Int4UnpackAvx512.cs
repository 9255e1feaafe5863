using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Transpose = ManagedGemma.Kernels.Int4.WordTransposeAvx512;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecU = System.Runtime.Intrinsics.Vector512<uint>;

namespace ManagedGemma.Kernels.Int4;

/// <summary>16 rows at once: words transposed, then nibble by nibble to floats.</summary>
internal sealed unsafe class Int4UnpackAvx512 : IInt4Unpack
{
    [MethodImpl(KernelMethod.Options)]
    public void Unpack(in Int4Rows rows, int firstGroup, int groups, float* tile)
    {
        byte** pointers = stackalloc byte*[Transpose.Rows];
        uint* words = stackalloc uint[Int4Rows.GroupWords * Transpose.Rows];
        float* scales = stackalloc float[Transpose.Rows];
        float* biases = stackalloc float[Transpose.Rows];
        for (int first = 0; first < rows.Count; first += Transpose.Rows)
        {
            for (int group = firstGroup; group < firstGroup + groups; group++)
            {
                for (int row = 0; row < Transpose.Rows; row++)
                {
                    nint source = Math.Min(first + row, rows.Count - 1);
                    pointers[row] = (byte*)(rows.Words + (source * rows.Groups * Int4Rows.GroupWords));
                    scales[row] = Int4Rows.Widen(rows.Scales[(source * rows.Groups) + group]);
                    biases[row] = Int4Rows.Widen(rows.Biases[(source * rows.Groups) + group]);
                }

                Transpose.EightWords<WordStore>(pointers, (nint)group * Int4Rows.GroupWords * sizeof(uint), words, Transpose.Rows);
                VecF scale = Vec.Load(scales), bias = Vec.Load(biases);
                float* target = tile + ((nint)(group - firstGroup) * Int4Rows.GroupSize * IInt4Unpack.TileRows) + first;
                for (int word = 0; word < Int4Rows.GroupWords; word++)
                {
                    VecU nibbles = Vec.Load(words + (word * Transpose.Rows));
                    for (int i = 0; i < 8; i++, nibbles >>>= 4, target += IInt4Unpack.TileRows)
                    {
                        VecF q = Vec.ConvertToSingle((nibbles & Vec.Create(15u)).AsInt32());
                        Vec.FusedMultiplyAdd(scale, q, bias).Store(target);
                    }
                }
            }
        }
    }
}
