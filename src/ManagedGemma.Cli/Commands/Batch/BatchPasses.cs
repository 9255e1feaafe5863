namespace ManagedGemma.Cli.Commands.Batch;

/// <summary>Cuts a batch into passes: prompts are tokenised as they are needed, and those that need no encoding are settled on the way.</summary>
/// <param name="prepare">Gives a prompt its tokens, or settles it.</param>
/// <param name="canShare">Whether prompts of so many tokens each can share a pass.</param>
/// <param name="cancellation">Looked at before every prompt.</param>
internal sealed class BatchPasses(Action<BatchPrompt> prepare, Func<IReadOnlyList<int>, bool> canShare, CancellationToken cancellation)
{
    /// <summary>The passes, each of prompts in order, as many as can share one.</summary>
    public IEnumerable<List<BatchPrompt>> Of(IEnumerable<BatchPrompt> prompts)
    {
        List<BatchPrompt> pass = [];
        List<int> counts = [];
        foreach (BatchPrompt prompt in prompts)
        {
            cancellation.ThrowIfCancellationRequested();
            prepare(prompt);
            if (prompt.Outcome is not null)
            {
                continue;
            }

            counts.Add(prompt.Tokens!.Ids.Count);
            if (pass.Count > 0 && !canShare(counts))
            {
                yield return pass;
                pass = [];
                counts = [counts[^1]];
            }

            pass.Add(prompt);
        }

        if (pass.Count > 0)
        {
            yield return pass;
        }
    }
}
