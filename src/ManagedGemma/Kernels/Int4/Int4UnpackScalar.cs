namespace ManagedGemma.Kernels.Int4;

/// <summary>The reference.</summary>
internal sealed unsafe class Int4UnpackScalar : IInt4Unpack
{
    public void Unpack(in Int4Rows rows, int firstGroup, int groups, float* tile)
    {
        for (int row = 0; row < rows.Count; row++)
        {
            Int4Rows single = rows.Slice(row, 1);
            for (int group = 0; group < groups; group++)
            {
                float scale = Int4Rows.Widen(single.Scales[firstGroup + group]);
                float bias = Int4Rows.Widen(single.Biases[firstGroup + group]);
                uint* words = single.Words + ((firstGroup + group) * Int4Rows.GroupWords);
                for (int k = 0; k < Int4Rows.GroupSize; k++)
                {
                    uint q = (words[k / 8] >> (4 * (k % 8))) & 15;
                    tile[(((group * Int4Rows.GroupSize) + k) * IInt4Unpack.TileRows) + row] = MathF.FusedMultiplyAdd(scale, q, bias);
                }
            }
        }
    }
}
