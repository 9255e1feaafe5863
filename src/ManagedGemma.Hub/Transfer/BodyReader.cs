using System.Globalization;

namespace ManagedGemma.Hub.Transfer;

/// <summary>Reads an answer's body and tells its breaking off and standing still from everything else that can go wrong.</summary>
internal sealed class BodyReader : IDisposable
{
    private readonly Stream _stream;
    private readonly TimeSpan _patience;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _stall;

    private BodyReader(Stream stream, TimeSpan patience, CancellationToken cancellation)
    {
        _stream = stream;
        _patience = patience;
        _cancellation = cancellation;
        _stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>Begins to read.</summary>
    public static async Task<BodyReader> OpenAsync(HttpResponseMessage response, HubOptions options, CancellationToken cancellation) =>
        new(await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), options.StallTimeout, cancellation);

    /// <summary>Reads what has come, at least a byte; 0 at the end.</summary>
    /// <exception cref="TransferInterruptedException">The connection broke, or nothing came for too long.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        _stall.CancelAfter(_patience);
        try
        {
            return await _stream.ReadAsync(buffer, _stall.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!_cancellation.IsCancellationRequested)
        {
            throw new TransferInterruptedException(
                string.Create(CultureInfo.InvariantCulture, $"nothing came for {_patience.TotalSeconds:0.#} seconds"), exception);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            _cancellation.ThrowIfCancellationRequested();
            throw new TransferInterruptedException(exception.Message, exception);
        }
        finally
        {
            // Not while the caller writes to a slow disk.
            _stall.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _stall.Dispose();
        _stream.Dispose();
    }
}
