namespace ManagedGemma.Kernels.Softmax;

/// <summary>Softmax of one row of attention scores in float32: p = exp(s·(x − max x)) / Σ exp(s·(x − max x)).</summary>
internal interface ISoftmax
{
    /// <summary>Replaces a row's scores by their probabilities.</summary>
    /// <param name="row">At least one score. NaN or plus infinity among them makes the row NaN, as IEEE arithmetic has it.</param>
    /// <param name="scale">The factor on the scores; positive.</param>
    void Apply(Span<float> row, float scale);
}
