using ManagedGemma.Conditioning;

namespace ManagedGemma.Ltx.Formats;

/// <summary>A result on its way: what was cached or computed so far, and how its parts look in a cache.</summary>
/// <param name="prompt">The prompt.</param>
/// <param name="length">T.</param>
internal sealed class PartialResult(ConditioningPrompt prompt, int length)
{
    // Of hidden states, in floats: 256 MiB, 356 tokens of the 12b. Those of longer prompts are not worth a cache's room.
    private const long MostCachedStates = 64 << 20;

    /// <summary>The prompt.</summary>
    public ConditioningPrompt Prompt => prompt;

    /// <summary>Its tokens, cut to the length.</summary>
    public int[] Ids { get; } = [.. prompt.Tokens.Ids.Take(length)];

    /// <summary>The hidden states.</summary>
    public StackedStates? States { get; set; }

    /// <summary>The rows before the connectors.</summary>
    public LtxProjection? Projection { get; set; }

    /// <summary>The connectors' outputs.</summary>
    public LtxConditioning? Context { get; set; }

    /// <summary>The cache's entries that give some parts. A context's holds the projection too.</summary>
    public static IEnumerable<ConditioningParts> EntriesOf(ConditioningParts needs)
    {
        if (needs.HasFlag(ConditioningParts.HiddenStates))
        {
            yield return ConditioningParts.HiddenStates;
        }

        if (needs.HasFlag(ConditioningParts.Context))
        {
            yield return ConditioningParts.Context;
        }
        else if (needs.HasFlag(ConditioningParts.Projection))
        {
            yield return ConditioningParts.Projection;
        }
    }

    /// <summary>Whether there is nothing left for the encoder to do.</summary>
    public bool HasEncoderParts(ConditioningParts needs) =>
        (States is not null || !needs.HasFlag(ConditioningParts.HiddenStates))
        && (Projection is not null || (needs & ~ConditioningParts.HiddenStates) == ConditioningParts.None);

    /// <summary>A part as rows of numbers; null when it is not there.</summary>
    public IReadOnlyList<EmbeddingRows>? Rows(ConditioningParts part) => part switch
    {
        ConditioningParts.HiddenStates => States is null || (long)States.Width * States.Shape.Tokens > MostCachedStates ? null : [States.ToRows()],
        ConditioningParts.Projection => Projection is null ? null : RowsOf(Projection),
        _ => Context is null ? null : [Context.Video, Context.Audio, .. RowsOf(Context.Projection)],
    };

    /// <summary>Takes a part from the rows that <see cref="Rows"/> gave.</summary>
    /// <param name="part">The part.</param>
    /// <param name="rows">Null: it is not there.</param>
    /// <param name="encoder">The encoder that it was made with.</param>
    /// <param name="conditioner">The conditioner that it was made with.</param>
    /// <returns>Whether the part is there now.</returns>
    public bool Restore(ConditioningParts part, IReadOnlyList<EmbeddingRows>? rows, GemmaTextEncoder encoder, LtxTextConditioner? conditioner)
    {
        if (rows is null)
        {
            return false;
        }

        if (part == ConditioningParts.HiddenStates)
        {
            States = rows is [var states] && states.Count == Ids.Length * (encoder.Model.Config.LayerCount + 1)
                ? StackedStates.FromRows(states, Ids.Length, encoder.Model.Checkpoint.Location)
                : null;
            return States is not null;
        }

        LtxCheckpoint checkpoint = conditioner!.Checkpoint;
        int contexts = part == ConditioningParts.Context ? 2 : 0;
        bool fits = (rows.Count - contexts) is 1 or 2
            && rows.Take(contexts).All(tensor => tensor.Count == length)
            && rows.Skip(contexts).All(tensor => tensor.Count == Ids.Length);
        if (!fits)
        {
            return false;
        }

        // The padding's rows are the checkpoint's biases.
        Projection = new LtxProjection(
            rows[contexts], rows[^1], checkpoint.Projection.Video.Bias, checkpoint.Projection.Audio.Bias, length, Ids);
        Context = contexts > 0 ? new LtxConditioning(rows[0], rows[1], Projection) : null;
        return true;
    }

    /// <summary>The finished result, with the parts that are wanted.</summary>
    public ConditioningResult ToResult(ConditioningParts needs) => new()
    {
        Length = length,
        TokenCount = Ids.Length,
        Prompt = prompt.Text,
        HiddenStates = needs.HasFlag(ConditioningParts.HiddenStates) ? States : null,
        Projection = Projection,
        Context = Context,
    };

    private static EmbeddingRows[] RowsOf(LtxProjection projection) =>
        ReferenceEquals(projection.Video, projection.Audio) ? [projection.Video] : [projection.Video, projection.Audio];
}
