using ManagedGemma.Checkpoints;

namespace ManagedGemma.Model;

/// <summary>
/// Where the layers' weights lie in the files, so that the next layer's pages are read while this one computes, and this one's may be
/// given back. Thread-safe.
/// </summary>
internal sealed class LayerPages
{
    // Norms between the matrices are not worth a range of their own.
    private const long Gap = 256 << 10;

    private readonly FileRange[][] _layers;

    /// <summary>Ranges of all layers.</summary>
    public LayerPages(DecoderWeights weights) =>
        _layers = [.. weights.Layers.Select(layer => FileRange.Merge(layer.Linears.SelectMany(linear => linear.Ranges), Gap).ToArray())];

    /// <summary>Starts reading a layer's pages where they are not in memory.</summary>
    /// <returns>The request, which must have ended before the files are closed; null when there is nothing to read.</returns>
    public Task? ReadAhead(int layer)
    {
        if (layer >= _layers.Length)
        {
            return null;
        }

        FileRange[] missing = Array.FindAll(_layers[layer], range => !range.IsCached());
        return missing.Length == 0 ? null : Task.Run(() => Array.ForEach(missing, range => range.ReadAhead()));
    }

    /// <summary>Gives a layer's pages back.</summary>
    public void Release(int layer) => Array.ForEach(_layers[layer], range => range.Release());
}
