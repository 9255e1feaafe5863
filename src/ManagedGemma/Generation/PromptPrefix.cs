using ManagedGemma.Memory;
using ManagedGemma.Model;

namespace ManagedGemma.Generation;

/// <summary>
/// What a model has computed of the beginning of prompts (an enhancer's system text, a chat so far): their keys and values, which every
/// generation that begins with the same tokens uses instead of computing them. Immutable; generations on any thread share its memory.
/// Texts are the same with and without a prefix that was computed from tokens (<see cref="GemmaTextGenerator.ComputePrefix"/>). So
/// they are with one that a generation left behind, in float32 and with 4-bit weights; with others, generated tokens differ from a prompt's in
/// the last bits.
/// </summary>
public sealed class PromptPrefix : IDisposable
{
    private readonly Lifetime _lifetime;
    private readonly SequenceCache _cache;

    internal PromptPrefix(SequenceCache cache, int[] tokenIds, Precision precision, string modelIdentity)
    {
        _cache = cache;
        _lifetime = new Lifetime(cache.Dispose);
        TokenIds = tokenIds;
        Precision = precision;
        ModelIdentity = modelIdentity;
    }

    /// <summary>The tokens.</summary>
    public IReadOnlyList<int> TokenIds { get; }

    /// <summary>The precision of the products; generations that use the prefix must have the same.</summary>
    public Precision Precision { get; }

    /// <summary>Bytes of keys and values in memory, those shared with others included.</summary>
    public long ByteLength
    {
        get
        {
            using Lifetime.Use use = _lifetime.Enter(this);
            return _cache.ByteLength;
        }
    }

    /// <summary>What tells the checkpoint from others: see <see cref="Checkpoints.CheckpointIdentity"/>.</summary>
    internal string ModelIdentity { get; }

    /// <summary>Reads a prefix that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="generator">Whose checkpoint it must have been computed with.</param>
    /// <exception cref="GemmaException">The file cannot be read, is damaged, or was computed with another checkpoint.</exception>
    public static PromptPrefix Load(string path, GemmaTextGenerator generator)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(generator);
        return PrefixFile.Read(path, generator);
    }

    /// <summary>
    /// Writes the prefix to a file, which appears whole or not at all: safetensors, bound to the checkpoint (its sizes, its tensors' names,
    /// places and samples of their content).
    /// </summary>
    /// <param name="path">The target; replaced at the end.</param>
    /// <exception cref="GemmaException">It cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using Lifetime.Use use = _lifetime.Enter(this);
        PrefixFile.Write(path, this, _cache);
    }

    /// <summary>Gives the memory back, once generations that use it have ended.</summary>
    public void Dispose() => _lifetime.Dispose();

    /// <summary>A sequence that begins with what it has in common with a prompt; at least one of the prompt's tokens is left to compute.</summary>
    /// <returns>The sequence, or null when it has nothing of use.</returns>
    internal SequenceCache? Fork(IReadOnlyList<int> prompt)
    {
        using Lifetime.Use use = _lifetime.Enter(this);
        int common = 0, most = Math.Min(TokenIds.Count, prompt.Count - 1);
        while (common < most && TokenIds[common] == prompt[common])
        {
            common++;
        }

        return common > 0 && _cache.CanContinueAt(common) ? _cache.Fork(common) : null;
    }
}
