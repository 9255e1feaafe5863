using ManagedGemma.Conditioning;

namespace ManagedGemma.Ltx.Formats;

/// <summary>Computes what a format needs of a prompt, and no more.</summary>
/// <param name="encoder">Turns tokens into hidden states.</param>
/// <param name="conditioner">Made of that encoder; null where hidden states are enough.</param>
/// <param name="options">Profile, precision, length.</param>
public sealed class ConditioningRun(GemmaTextEncoder encoder, LtxTextConditioner? conditioner, LtxOptions options)
{
    /// <summary>Computes.</summary>
    /// <param name="tokens">The prompt's tokens; more than the length are cut.</param>
    /// <param name="prompt">The prompt as it came, for formats that keep it.</param>
    /// <param name="needs">What is wanted.</param>
    /// <param name="progress">Told after each layer and block.</param>
    /// <param name="cancellation">Ends the run within a fraction of a layer's time.</param>
    /// <exception cref="GemmaException">As for <see cref="LtxTextConditioner.Encode"/>.</exception>
    /// <exception cref="InvalidOperationException">More than hidden states is wanted, and there is no conditioner.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ConditioningResult Compute(
        PromptTokens tokens,
        string? prompt,
        ConditioningParts needs,
        IProgress<LtxProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        StackedStates? states = needs.HasFlag(ConditioningParts.HiddenStates) ? new(encoder.Model.Checkpoint.Location) : null;
        LtxProjection? projection = null;
        LtxConditioning? context = null;
        if ((needs & ~ConditioningParts.HiddenStates) == ConditioningParts.None)
        {
            if (states is not null)
            {
                LtxTextConditioner.RunEncoder(encoder, tokens.Ids, options, states, progress, cancellation);
            }
        }
        else
        {
            LtxTextConditioner ltx = conditioner ?? throw new InvalidOperationException("There is no LTX checkpoint to project with.");
            projection = ltx.Project(tokens, options, states, progress, cancellation);
            context = needs.HasFlag(ConditioningParts.Context) ? ltx.Connect(projection, progress, cancellation) : null;
        }

        return new ConditioningResult
        {
            Length = options.Length,
            TokenCount = Math.Min(tokens.Ids.Count, options.Length),
            Prompt = prompt,
            HiddenStates = states,
            Projection = projection,
            Context = context,
        };
    }
}
