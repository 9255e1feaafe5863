using ManagedGemma.Model;

namespace ManagedGemma.Ltx.Projection;

/// <summary>Takes the hidden states of one prompt of a <see cref="ProjectionBatch"/>.</summary>
internal sealed class ProjectionSink(ProjectionBatch batch) : IHiddenStateSink
{
    /// <summary>The prompt's first row among all prompts' rows.</summary>
    public int FirstRow { get; private set; }

    /// <summary>The prompt's rows.</summary>
    public int Tokens { get; private set; }

    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape)
    {
        FirstRow = batch.Begin(shape);
        Tokens = shape.Tokens;
    }

    /// <inheritdoc/>
    public void Accept(in HiddenState state) => batch.Accept(this, state);

    /// <summary>What all states together gave.</summary>
    /// <param name="length">T of the padded result.</param>
    /// <param name="ids">The prompt's tokens.</param>
    /// <exception cref="GemmaException">The weights hold NaN or infinity.</exception>
    public LtxProjection Result(int length, IReadOnlyList<int> ids) => batch.Result(this, length, ids);
}
