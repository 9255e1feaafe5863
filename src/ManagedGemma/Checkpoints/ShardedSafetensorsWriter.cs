namespace ManagedGemma.Checkpoints;

/// <summary>
/// Writes tensors into as many safetensors files as a limit demands, one after the other, with an index of which holds which: names,
/// cuts and index as mlx-lm makes them. Not safe for several threads.
/// </summary>
internal sealed class ShardedSafetensorsWriter
{
    private readonly AtomicDirectory _directory;
    private readonly SafetensorsShards _shards;
    private SafetensorsWriter? _current;
    private int _shard = -1;
    private int _left;

    public ShardedSafetensorsWriter(AtomicDirectory directory, SafetensorsShards shards)
    {
        _directory = directory;
        _shards = shards;
    }

    /// <summary>Begins the next tensor, in the next file where the one before is full.</summary>
    /// <param name="name">Its name, which must be the next one announced.</param>
    /// <exception cref="GemmaException">The disk is full.</exception>
    /// <exception cref="InvalidOperationException">Another tensor is next, or the one before is not complete.</exception>
    public void Begin(string name)
    {
        if (_left == 0 && _shard + 1 < _shards.Count)
        {
            _current?.Complete();
            _shard++;
            _left = _shards[_shard].Tensors.Count;
            SafetensorsShard shard = _shards[_shard];
            _current = SafetensorsWriter.Create(_directory.Begin(shard.Name, shard.FileLength), shard.Tensors, SafetensorsShards.Metadata);
        }

        Current.Begin(name);
        _left--;
    }

    /// <summary>Writes bytes of the current tensor as they are.</summary>
    public void Write(ReadOnlySpan<byte> bytes) => Current.Write(bytes);

    /// <summary>Writes float32 values in the current tensor's type, as <see cref="SafetensorsWriter.Write(ReadOnlySpan{float})"/>.</summary>
    public void Write(ReadOnlySpan<float> values) => Current.Write(values);

    /// <summary>Ends the last file and writes the index; nothing appears before the directory does.</summary>
    /// <exception cref="GemmaException">The disk is full.</exception>
    /// <exception cref="InvalidOperationException">A tensor is missing or not complete.</exception>
    public void Complete()
    {
        Current.Complete();
        if (_shard + 1 != _shards.Count)
        {
            throw new InvalidOperationException("Tensors are missing.");
        }

        _directory.Begin(SafetensorsIndex.FileName, _shards.Index.Length).Write(_shards.Index);
    }

    private SafetensorsWriter Current => _current ?? throw new InvalidOperationException("No tensor has been begun.");
}
