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
            embedding.Row(ids[token], 0, row);
            foreach (ref float value in row)
            {
                value *= scale;
            }
        }
    }
}
