using ManagedGemma.Kernels.Int4;
using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>x[token] = scale · E[id]: a gather of rows, widened as they are read.</summary>
internal unsafe struct EmbeddingStep(Linear embedding, int[] ids, float scale, float* x) : IJob
{
    public readonly void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, ids.Length);
        for (int token = first; token < end; token++)
        {
            Span<float> row = new(x + ((nint)token * embedding.Columns), embedding.Columns);
            if (embedding.IsInt4)
            {
                Unpack(embedding.Int4(ids[token], 1), row);
            }
            else
            {
                embedding.DenseRow(ids[token], 0, row);
            }

            foreach (ref float value in row)
            {
                value *= scale;
            }
        }
    }

    private static void Unpack(Int4Rows rows, Span<float> row)
    {
        for (int k = 0; k < row.Length; k++)
        {
            uint q = (rows.Words[k / 8] >> (4 * (k % 8))) & 15;
            int group = k / Int4Rows.GroupSize;
            row[k] = MathF.FusedMultiplyAdd(Int4Rows.Widen(rows.Scales[group]), q, Int4Rows.Widen(rows.Biases[group]));
        }
    }
}
