namespace ManagedGemma.Memory;

/// <summary>
/// Memory that several threads use and one disposes: it is freed once nobody uses it any more. Whoever comes after the disposal
/// is refused.
/// </summary>
/// <param name="free">Gives the memory back; called once.</param>
internal sealed class Lifetime(Action free) : IDisposable
{
    private readonly Lock _lock = new();
    private int _users;
    private bool _disposed;

    /// <summary>Keeps the memory until the answer is disposed.</summary>
    /// <param name="owner">Named by the exception.</param>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public Use Enter(object owner)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            _users++;
        }

        return new Use(this);
    }

    /// <summary>Frees the memory, now or when the last user leaves.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            if (_users > 0)
            {
                return;
            }
        }

        free();
    }

    private void Leave()
    {
        lock (_lock)
        {
            _users--;
            if (!_disposed || _users > 0)
            {
                return;
            }
        }

        free();
    }

    /// <summary>One user; to be disposed once.</summary>
    public readonly struct Use(Lifetime lifetime) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => lifetime.Leave();
    }
}
