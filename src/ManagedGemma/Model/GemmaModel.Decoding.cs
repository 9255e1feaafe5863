using System.Runtime.InteropServices;
using ManagedGemma.Memory;

namespace ManagedGemma.Model;

/// <summary>What follows a prompt: sequences that grow, logits.</summary>
public sealed unsafe partial class GemmaModel
{
    // Logits of so many tokens at once: 64 MB a batch with the full vocabulary.
    private const int LogitRows = 64;

    /// <summary>Weights of all layers' matrices: multiply-accumulates of a token.</summary>
    internal long LinearWeights => _weights.Linears.Sum(linear => (long)linear.Rows * linear.Columns);

    /// <summary>Bytes of all layers' matrices: what a pass reads.</summary>
    internal long LinearBytes => _weights.Linears.Sum(linear => linear.ByteLength);

    /// <summary>Bytes of the head: what a step reads besides.</summary>
    internal long HeadBytes => _weights.Head.ByteLength;

    /// <summary>Logits of a token.</summary>
    internal int LogitCount => _weights.Head.Rows;

    /// <summary>An empty sequence, for passes that all have these rules; null: the original's.</summary>
    internal SequenceCache NewSequence(DecoderRules? rules = null)
    {
        DecoderMath math = _math.GetOrAdd(rules ?? DecoderRules.Original, known => new DecoderMath(Config, known));
        return new SequenceCache(new AttentionShape(Config), _weights.Layers.Select(layer => math.Window(layer.IsFull)));
    }

    /// <summary>Bytes of keys and values that a token takes while it is kept by all layers, and by those that see everything.</summary>
    internal (long All, long Full) CacheBytesPerToken
    {
        get
        {
            long layer = KeyValues.TokenBytes(new AttentionShape(Config));
            return (layer * _weights.Layers.Length, layer * _weights.Layers.Count(x => x.IsFull));
        }
    }

    /// <summary>
    /// Runs new tokens of some sequences through the decoder, in one pass over the weights, and gives the logits of the last ones of each.
    /// A sequence's bits depend on its own tokens alone, and on which of them were by row.
    /// </summary>
    /// <param name="inputs">Sequences, each once; they grow by their tokens when the pass has ended.</param>
    /// <param name="precision">Of the products.</param>
    /// <param name="logits">Takes at least as many rows of <see cref="LogitCount"/> as are wanted of all, sequence by sequence; null when none are.</param>
    /// <param name="cancellation">Looked at before every task.</param>
    internal void Step(IReadOnlyList<SequenceInput> inputs, Precision precision, NativeBuffer? logits, CancellationToken cancellation)
    {
        using Lifetime.Use use = _lifetime.Enter(this);
        IReadOnlyList<int>[] tokens = [.. inputs.Select(input => input.Tokens)];
        foreach (SequenceInput input in inputs)
        {
            Validate(input.Tokens, input.Cache.Length);
        }

        PassLayout layout = new([.. inputs.Select(input => (input.Tokens.Count, input.Cache.Length, input.ByRow))]);
        using PassRun run = Begin(tokens, [.. inputs.Select(input => input.Cache)], layout, new RunOptions { Precision = precision }, cancellation);
        run.AllBlocks(cancellation);
        List<int> rows = [];
        for (int i = 0; i < inputs.Count; i++)
        {
            int end = layout.Sequences[i].Row + layout.Sequences[i].Count;
            rows.AddRange(Enumerable.Range(end - inputs[i].LogitRows, inputs[i].LogitRows));
        }

        if (rows.Count > 0)
        {
            run.FinalNorm(cancellation);
            run.Pass.LogitsByRow(_weights.Head, CollectionsMarshal.AsSpan(rows), logits!.Floats, cancellation);
        }

        foreach (SequenceInput input in inputs)
        {
            input.Cache.Length += input.Tokens.Count;
        }
    }

    /// <summary>Runs new tokens of some sequences through the decoder, in one pass over the weights; tells where the time went.</summary>
    internal PassTimes Advance(
        IReadOnlyList<SequenceCache> sequences,
        IReadOnlyList<IReadOnlyList<int>> tokens,
        RunOptions options,
        IReadOnlyList<IHiddenStateSink>? sinks = null,
        CancellationToken cancellation = default)
        => Forward(tokens, sequences, sinks ?? [], options, null, cancellation);

    /// <summary>Runs prompts for their time alone.</summary>
    internal PassTimes Measure(IReadOnlyList<IReadOnlyList<int>> prompts, RunOptions options) =>
        Forward(prompts, caches: null, [], options, null, CancellationToken.None);

    /// <summary>The logits of the token after the last: [vocabulary].</summary>
    internal float[] LastLogits(IReadOnlyList<int> tokenIds, RunOptions? options = null, CancellationToken cancellation = default)
    {
        float[] last = [];
        Logits(tokenIds, options, (token, row) => last = token == tokenIds.Count - 1 ? row.ToArray() : last, cancellation);
        return last;
    }

    /// <summary>The log-probability of each token after the first, given those before it: [tokens − 1].</summary>
    internal float[] LogProbabilities(IReadOnlyList<int> tokenIds, RunOptions? options = null, CancellationToken cancellation = default)
    {
        float[] result = new float[tokenIds.Count - 1];
        Logits(
            tokenIds,
            options,
            (token, row) =>
            {
                if (token < result.Length)
                {
                    result[token] = LogProbability(row, tokenIds[token + 1]);
                }
            },
            cancellation);
        return result;
    }

    private static float LogProbability(ReadOnlySpan<float> logits, int id)
    {
        double largest = System.Numerics.Tensors.TensorPrimitives.Max(logits), sum = 0;
        foreach (float value in logits)
        {
            sum += Math.Exp(value - largest);
        }

        return (float)(logits[id] - largest - Math.Log(sum));
    }

    private void Logits(IReadOnlyList<int> tokenIds, RunOptions? options, Action<int, ReadOnlySpan<float>> take, CancellationToken cancellation)
    {
        options ??= new RunOptions();
        using Lifetime.Use use = _lifetime.Enter(this);
        using PassRun run = Begin([tokenIds], caches: null, options, cancellation);
        run.All(cancellation);
        int vocabulary = _weights.Head.Rows;
        using NativeBuffer logits = NativeBuffer.OfFloats((long)Math.Min(LogitRows, tokenIds.Count) * vocabulary);
        for (int first = 0; first < tokenIds.Count; first += LogitRows)
        {
            int count = Math.Min(LogitRows, tokenIds.Count - first);
            run.Pass.Logits(_weights.Head, first, count, logits.Floats, cancellation);
            for (int i = 0; i < count; i++)
            {
                take(first + i, new ReadOnlySpan<float>(logits.Floats + ((nint)i * vocabulary), vocabulary));
            }
        }
    }
}
