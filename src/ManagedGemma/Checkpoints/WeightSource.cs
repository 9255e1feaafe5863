namespace ManagedGemma.Checkpoints;

/// <summary>
/// Where a checkpoint's weights come from: files of one format, their tensors found by the decoder's own names for its modules
/// (<c>layers.3.self_attn.q_proj</c>, as in Hugging Face's code). Owns the files.
/// </summary>
internal abstract class WeightSource : IDisposable
{
    /// <summary>Every tensor, those that the decoder ignores included.</summary>
    public abstract IReadOnlyCollection<TensorView> Tensors { get; }

    /// <summary>The files' paths.</summary>
    public abstract IReadOnlyList<string> Files { get; }

    /// <summary>What goes before a module's name in the files; empty where the names are others altogether.</summary>
    public abstract string Prefix { get; }

    /// <summary>Whether norms are stored with Gemma's 1 added.</summary>
    public abstract bool NormsHoldOne { get; }

    /// <summary>What in the files says how to tokenise, for people; null when nothing does.</summary>
    public abstract string? TokenizerName { get; }

    /// <summary>A linear layer's or the embedding's weights; see <see cref="GemmaCheckpoint.Matrix"/>.</summary>
    public abstract WeightMatrix Matrix(string module, long rows, long columns);

    /// <summary>The head's own weights; null when it is tied to the embedding.</summary>
    public abstract WeightMatrix? LanguageHead(long columns);

    /// <summary>The decoder's module that a tensor belongs to, or <c>lm_head</c>; null for any other tensor.</summary>
    public abstract string? ModuleOf(string tensor);

    /// <summary>The vocabulary in the files; null when there is none.</summary>
    /// <exception cref="GemmaException">It is damaged, or of another kind than Gemma's.</exception>
    public abstract ScoredVocabulary? ReadVocabulary();

    /// <summary>Holds every file's length against what it was: see <see cref="MappedFile.CheckLength"/>.</summary>
    public abstract void CheckLengths();

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>A norm's weights, copied to float32.</summary>
    public float[] Vector(string module, int length)
    {
        TensorView tensor = Weight(module);
        return tensor.Shape is [long only] && only == length
            ? tensor.ToSingles()
            : throw new GemmaException(
                "has the wrong shape", tensor.File, Untrusted.Show(tensor.Name), $"[{length}]", Untrusted.Show(tensor.WeightShape));
    }

    /// <summary>A module's weight.</summary>
    /// <exception cref="GemmaException">The files do not hold it.</exception>
    protected abstract TensorView Weight(string module);
}
