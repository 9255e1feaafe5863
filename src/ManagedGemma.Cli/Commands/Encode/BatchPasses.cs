using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Output;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Commands.Encode;

/// <summary>Cuts a batch into passes: prompts are tokenised as they are needed, and those that need no encoding are settled on the way.</summary>
internal sealed class BatchPasses(EncodeJob job, BatchSettings batch, GemmaTextEncoder encoder)
{
    // With hidden states each prompt of a pass has a file that is open from the pass's beginning.
    private const int MostOpenFiles = 128;

    /// <summary>The passes, each of prompts in order with at most the batch's tokens, unless one prompt has more.</summary>
    public IEnumerable<List<BatchPrompt>> Of(IEnumerable<BatchPrompt> prompts)
    {
        List<BatchPrompt> pass = [];
        int tokens = 0;
        foreach (BatchPrompt prompt in prompts)
        {
            job.Interrupt.Token.ThrowIfCancellationRequested();
            Prepare(prompt);
            if (prompt.Outcome is not null)
            {
                continue;
            }

            int count = prompt.Tokens!.Ids.Count;
            if (pass.Count > 0 && (tokens + count > batch.Tokens || (job.Settings.HasHiddenStates && pass.Count == MostOpenFiles)))
            {
                yield return pass;
                pass = [];
                tokens = 0;
            }

            pass.Add(prompt);
            tokens += count;
        }

        if (pass.Count > 0)
        {
            yield return pass;
        }
    }

    private void Prepare(BatchPrompt prompt)
    {
        try
        {
            EncodeJob.RefuseOwnFiles(encoder.Model.Checkpoint, prompt.Path);
            PromptTokens tokens = job.Tokenize(encoder, prompt.Line.Prompt!);
            prompt.Tokens = tokens;
            if (!batch.Overwrites && File.Exists(prompt.Path))
            {
                SkipIfSame(prompt, tokens);
                return;
            }

            encoder.Model.Validate(tokens.Ids);
            if (job.TruncationWarning(tokens) is { } warning)
            {
                Warn(prompt, warning);
            }
        }
        catch (GemmaException exception)
        {
            Fail(prompt, exception);
        }
    }

    // A file of the same name may come from another prompt (lines were added) or from other options: to skip it would be to pass that off.
    private void SkipIfSame(BatchPrompt prompt, PromptTokens tokens)
    {
        FeatureFileShape shape = job.Settings.Shape(encoder.Model.Config, tokens);
        if (!FeatureFile.IsOf(prompt.Path, shape, job.Settings.Metadata(job.Source.Name, encoder.Model.Config, tokens), tokens.Ids))
        {
            throw new GemmaException(
                "the output exists and is not this prompt's with these options",
                prompt.Path,
                expected: "no such file, or --overwrite");
        }

        prompt.Skip();
    }

    /// <summary>Warns of a prompt, with its line.</summary>
    public void Warn(BatchPrompt prompt, string message)
    {
        prompt.Warn(message);
        job.Screen.Warn($"{prompt.Label}: {message}");
    }

    private void Fail(BatchPrompt prompt, GemmaException exception)
    {
        prompt.Fail(exception);
        job.Screen.Fail($"{prompt.Label}: {exception.Message}");
    }
}
