using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Projection;

/// <summary>
/// Puts part of some states side by side as the projection's columns want them: y[token, j · states + state] =
/// x[state, token, first + j].
/// </summary>
/// <param name="x">[states, tokens, size].</param>
/// <param name="states">States.</param>
/// <param name="tokens">Tokens.</param>
/// <param name="size">Elements of a token's row of a state.</param>
/// <param name="first">The first element.</param>
/// <param name="count">Elements.</param>
/// <param name="y">[tokens, count · states].</param>
/// <param name="stride">Floats from a token to the next in y.</param>
internal unsafe struct InterleaveStep(float* x, int states, int tokens, int size, int first, int count, float* y, nint stride) : IJob
{
    public readonly void Run(int task, Worker worker)
    {
        (int from, int end) = TokenStep.Range(task, tokens);
        for (int token = from; token < end; token++)
        {
            for (int state = 0; state < states; state++)
            {
                float* source = x + ((((nint)state * tokens) + token) * size) + first;
                float* target = y + (token * stride) + state;
                for (int j = 0; j < count; j++, target += states)
                {
                    *target = source[j];
                }
            }
        }
    }
}
