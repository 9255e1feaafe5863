using ManagedGemma.Checkpoints;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Generation.Enhancement;

/// <summary>
/// Names enhancements by what they are made of: checkpoint, vocabulary, tokens of the messages (which hold instructions, layout and prompt),
/// and every option that changes the text. Not prompt lookup and threads, which change no bit; nothing of the machine either: as for all
/// results, instruction sets differ by rounding at most.
/// </summary>
internal sealed class EnhancementKeys
{
    /// <summary>Raised whenever the same inputs give another answer, or entries have another layout.</summary>
    private const long Version = 1;

    private readonly byte[] _model;

    /// <summary>Takes the identity of what generates.</summary>
    public EnhancementKeys(GemmaTextGenerator generator)
    {
        using IdentityHash hash = new();
        hash.Add("enhancement");
        hash.Add(Version);
        hash.Add(generator.Identity);
        hash.Add((long)generator.ContextLength);
        hash.Add(TokenizerIdentity.Of(generator.Tokenizer));
        _model = hash.Result();
    }

    /// <summary>An enhancement's name: 64 hexadecimal digits.</summary>
    /// <param name="ids">The messages' tokens.</param>
    /// <param name="options">Sampling, with stop ids.</param>
    public string Of(IReadOnlyCollection<int> ids, GenerationOptions options)
    {
        using IdentityHash hash = new();
        hash.Add(_model);
        Add(hash, ids);
        hash.Add((long)options.MaxTokens);
        hash.Add(options.Temperature);
        hash.Add(options.TopK ?? 0L);
        hash.Add(options.TopP);
        hash.Add(options.MinP);
        hash.Add(options.RepetitionPenalty);
        (int Id, double Bias)[] biases = [.. (options.LogitBias ?? new Dictionary<int, double>()).Select(x => (x.Key, x.Value)).OrderBy(x => x.Key)];
        hash.Add((long)biases.Length);
        foreach ((int id, double bias) in biases)
        {
            hash.Add((long)id);
            hash.Add(bias);
        }

        hash.Add(options.Seed);
        Add(hash, [.. options.StopIds!.Order()]);
        hash.Add((long)options.StopStrings.Count);
        foreach (string stop in options.StopStrings)
        {
            hash.Add(stop);
        }

        hash.Add(options.Precision.ToString());
        return Convert.ToHexStringLower(hash.Result());
    }

    private static void Add(IdentityHash hash, IReadOnlyCollection<int> ids)
    {
        hash.Add((long)ids.Count);
        foreach (int id in ids)
        {
            hash.Add((long)id);
        }
    }
}
