using ManagedGemma.Threading;

namespace ManagedGemma.Model.Steps;

/// <summary>Rounds rows that are complete already: attention's output, before o_proj.</summary>
internal struct RoundStep(LinearInput next) : IJob
{
    public readonly void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, next.Count);
        for (int token = first; token < end; token++)
        {
            next.Complete(token);
        }
    }
}
