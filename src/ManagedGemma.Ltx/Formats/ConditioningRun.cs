using ManagedGemma.Caching;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Caching;
using ManagedGemma.Model;

namespace ManagedGemma.Ltx.Formats;

/// <summary>Computes what a format needs of prompts, and no more; nothing twice where there is a cache.</summary>
/// <param name="encoder">Turns tokens into hidden states.</param>
/// <param name="conditioner">Made of that encoder; null where hidden states are enough.</param>
/// <param name="options">Profile, precision, length, tokens of a pass.</param>
/// <param name="cache">Results of earlier runs; null: none.</param>
public sealed class ConditioningRun(GemmaTextEncoder encoder, LtxTextConditioner? conditioner, LtxOptions options, ResultCache? cache = null)
{
    private readonly Lazy<ResultKeys> _keys = new(() => new ResultKeys(encoder.Model.Checkpoint, conditioner?.Checkpoint));

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
        CancellationToken cancellation = default) =>
        ComputeMany([new ConditioningPrompt(tokens, prompt)], needs, progress, cancellation).Single();

    /// <summary>
    /// Computes many, several in one pass over the weights: the encoder's part of all first, then prompt by prompt what follows. Each has
    /// the bits that it gets alone.
    /// </summary>
    /// <param name="prompts">The prompts; what the encoder gives of them is held at once.</param>
    /// <param name="needs">What is wanted.</param>
    /// <param name="progress">Told after each layer of each pass, and each block of each prompt; not for what the cache holds.</param>
    /// <param name="cancellation">Ends the run within a fraction of a layer's time.</param>
    /// <returns>The results in order, each computed to its end when it is asked for.</returns>
    /// <inheritdoc cref="Compute"/>
    public IEnumerable<ConditioningResult> ComputeMany(
        IReadOnlyList<ConditioningPrompt> prompts,
        ConditioningParts needs,
        IProgress<LtxProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        bool wantsLtx = (needs & ~ConditioningParts.HiddenStates) != ConditioningParts.None;
        if (wantsLtx && conditioner is null)
        {
            throw new InvalidOperationException("There is no LTX checkpoint to project with.");
        }

        return Results();

        IEnumerable<ConditioningResult> Results()
        {
            PartialResult[] results = [.. prompts.Select(prompt => Restore(prompt, needs))];
            List<PartialResult> missing = [.. results.Where(result => !result.HasEncoderParts(needs))];
            if (wantsLtx)
            {
                Project(missing, needs, progress, cancellation);
            }
            else if (needs != ConditioningParts.None)
            {
                CollectStates(missing, progress, cancellation);
            }

            for (int i = 0; i < results.Length; i++)
            {
                PartialResult result = results[i];

                // What was handed out is the caller's alone to keep.
                results[i] = null!;
                if (needs.HasFlag(ConditioningParts.Context) && result.Context is null)
                {
                    result.Context = conditioner!.Connect(result.Projection!, progress, cancellation);
                    Store(result, ConditioningParts.Context);
                }

                yield return result.ToResult(needs);
            }
        }
    }

    /// <summary>What a result is made of, in 64 hexadecimal digits: tokens, checkpoints, options and parts.</summary>
    /// <param name="tokens">The prompt's tokens.</param>
    /// <param name="needs">What is wanted.</param>
    public string NameOf(PromptTokens tokens, ConditioningParts needs)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return _keys.Value.Of(needs.ToString(), [.. tokens.Ids.Take(options.Length)], options);
    }

    /// <summary>Whether the cache says that it holds all of a result.</summary>
    /// <param name="tokens">The prompt's tokens.</param>
    /// <param name="needs">What is wanted.</param>
    public bool IsCached(PromptTokens tokens, ConditioningParts needs) =>
        cache is not null
        && PartialResult.EntriesOf(needs).All(part => cache.Contains(NameOf(tokens, part)));

    private void Project(List<PartialResult> missing, ConditioningParts needs, IProgress<LtxProgress>? progress, CancellationToken cancellation)
    {
        foreach (PartialResult result in missing.Where(_ => needs.HasFlag(ConditioningParts.HiddenStates)))
        {
            result.States = new StackedStates(encoder.Model.Checkpoint.Location);
        }

        int index = 0;
        foreach (LtxProjection projection in
            conditioner!.ProjectMany(missing.Select(result => result.Prompt.Tokens), options, i => missing[i].States, progress, cancellation))
        {
            PartialResult result = missing[index++];
            result.Projection = projection;
            Store(result, ConditioningParts.Projection);
            Store(result, ConditioningParts.HiddenStates);
        }
    }

    private void CollectStates(List<PartialResult> missing, IProgress<LtxProgress>? progress, CancellationToken cancellation)
    {
        for (int first = 0, end; first < missing.Count; first = end)
        {
            int tokens = missing[first].Ids.Length;
            end = first + 1;
            while (end < missing.Count && tokens + missing[end].Ids.Length <= options.BatchTokens)
            {
                tokens += missing[end++].Ids.Length;
            }

            List<PartialResult> pass = missing[first..end];
            pass.ForEach(result => result.States = new StackedStates(encoder.Model.Checkpoint.Location));
            LtxTextConditioner.RunEncoder(
                encoder, [.. pass.Select(result => result.Ids)], options, [.. pass.Select(result => (IHiddenStateSink)result.States!)], progress, cancellation);
            pass.ForEach(result => Store(result, ConditioningParts.HiddenStates));
        }
    }

    private PartialResult Restore(ConditioningPrompt prompt, ConditioningParts needs)
    {
        PartialResult result = new(prompt, options.Length);
        if (cache is null)
        {
            return result;
        }

        foreach (ConditioningParts part in PartialResult.EntriesOf(needs))
        {
            if (!result.Restore(part, Read(part), encoder, conditioner) && part == ConditioningParts.Context)
            {
                // Half of the way may be there.
                result.Restore(ConditioningParts.Projection, Read(ConditioningParts.Projection), encoder, conditioner);
            }
        }

        return result;

        IReadOnlyList<EmbeddingRows>? Read(ConditioningParts part) => cache.Read(NameOf(prompt.Tokens, part), CachedRows.Of);
    }

    private void Store(PartialResult result, ConditioningParts part)
    {
        if (cache is not null && result.Rows(part) is { } rows)
        {
            cache.Write(NameOf(result.Prompt.Tokens, part), CachedRows.ToTensors(rows));
        }
    }
}
