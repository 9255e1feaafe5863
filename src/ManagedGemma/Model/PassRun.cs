using ManagedGemma.Checkpoints;

namespace ManagedGemma.Model;

/// <summary>One pass of some sequences through all layers: the pass's buffers, and where keys and values go.</summary>
internal sealed class PassRun : IDisposable
{
    private readonly DecoderWeights _weights;
    private readonly PassLayout _layout;
    private readonly KeyValues[][] _caches; // [layer or 1][sequence]
    private readonly bool _ownsCaches;
    private readonly PageWalk _walk;

    /// <summary>A pass; without caches to keep, one layer's keys and values are overwritten by the next's.</summary>
    public PassRun(
        DecoderWeights weights,
        WeightPages pages,
        bool releasePages,
        PassLayout layout,
        DecoderPass pass,
        IReadOnlyList<SequenceCache>? caches,
        AttentionShape shape)
    {
        _walk = new PageWalk(pages, releasePages);
        _weights = weights;
        _layout = layout;
        Pass = pass;
        _ownsCaches = caches is null;
        _caches = caches is null
            ? [[.. layout.Sequences.Select(_ => new KeyValues(shape))]]
            : [.. Enumerable.Range(0, weights.Layers.Length).Select(layer => caches.Select(cache => cache.Layers[layer]).ToArray())];
    }

    /// <summary>The buffers.</summary>
    public DecoderPass Pass { get; }

    /// <summary>Gathers the tokens' embeddings.</summary>
    public void Embed(IReadOnlyList<IReadOnlyList<int>> prompts, CancellationToken cancellation)
    {
        int[] ids = new int[_layout.Rows];
        for (int i = 0; i < prompts.Count; i++)
        {
            int row = _layout.Sequences[i].Row;
            foreach (int id in prompts[i])
            {
                ids[row++] = id;
            }
        }

        _walk.Ask(0);
        Pass.Embed(_weights.Embedding, ids, cancellation);
    }

    /// <summary>Runs a block, while the next one's weights are read.</summary>
    public void Block(int layer, CancellationToken cancellation)
    {
        _walk.Enter();
        Pass.Block(_weights.Layers[layer], _caches[_ownsCaches ? 0 : layer], cancellation);
        _walk.Leave();
    }

    /// <summary>Runs all blocks and the final norm.</summary>
    public void All(CancellationToken cancellation)
    {
        AllBlocks(cancellation);
        FinalNorm(cancellation);
    }

    /// <summary>Runs all blocks.</summary>
    public void AllBlocks(CancellationToken cancellation)
    {
        for (int layer = 0; layer < _weights.Layers.Length; layer++)
        {
            Block(layer, cancellation);
        }
    }

    /// <summary>Norms the last block's output.</summary>
    public void FinalNorm(CancellationToken cancellation) => Pass.FinalNorm(_weights.FinalNorm, cancellation);

    /// <summary>Gives each sequence's sink its rows of the current state.</summary>
    public void HandOut(IReadOnlyList<IHiddenStateSink> sinks, HiddenStateStage stage, int block, int? index)
    {
        ReadOnlySpan<float> all = stage == HiddenStateStage.FinalNorm ? Pass.Normed : Pass.Stream;
        int size = all.Length / _layout.Rows;
        for (int i = 0; i < sinks.Count; i++)
        {
            SequenceSlice slice = _layout.Sequences[i];
            sinks[i].Accept(new HiddenState(stage, block, index, all.Slice(slice.Row * size, slice.Count * size)));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _walk.Dispose();
        Pass.Dispose();
        if (_ownsCaches)
        {
            Array.ForEach(_caches[0], cache => cache.Dispose());
        }
    }
}
