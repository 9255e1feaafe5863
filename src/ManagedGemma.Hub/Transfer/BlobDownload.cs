using System.Net;
using System.Net.Http.Headers;
using ManagedGemma.Checkpoints;
using ManagedGemma.Hub.Layout;
using ManagedGemma.Hub.Requests;
using Microsoft.Extensions.Logging;
using Polly;

namespace ManagedGemma.Hub.Transfer;

/// <summary>
/// Brings one content into the cache: under its lock, on from what an earlier attempt left, verified, and under its final name only
/// when it is whole.
/// </summary>
internal sealed class BlobDownload : IDisposable
{
    private readonly HubRequests _requests;
    private readonly HubOptions _options;
    private readonly ResiliencePipeline _transfers;
    private readonly RepositoryLayout _layout;
    private readonly FileMetadata _blob;
    private readonly Uri _address;
    private readonly ProgressBoard.Entry _progress;
    private readonly ILogger _logger;
    private readonly RangeValidators _validators = new();
    private readonly BlobChecksum _checksum;

    // Bytes of the partial file that count: they are on the disk and in the checksum.
    private long _position;

    public BlobDownload(
        HubRequests requests,
        HubOptions options,
        ResiliencePipeline transfers,
        RepositoryLayout layout,
        string commit,
        FileMetadata blob,
        ProgressBoard.Entry progress,
        ILogger logger)
    {
        _requests = requests;
        _options = options;
        _transfers = transfers;
        _layout = layout;
        _blob = blob;
        _address = requests.File(commit, blob.Name);
        _progress = progress;
        _logger = logger;
        _checksum = new BlobChecksum(blob.Checksum, blob.Length);
        _validators.Learn(blob.Origin, new EntityTagHeaderValue($"\"{blob.Checksum}\""));
    }

    private string Partial => _layout.Partial(_blob.Checksum);

    /// <summary>Downloads.</summary>
    /// <param name="isPresent">Whether the content has come by another way; asked once the lock is held.</param>
    /// <param name="cancellation">Stops within a moment; what has come stays for the next time.</param>
    /// <returns>Whether it was downloaded here; else another process had done so.</returns>
    /// <exception cref="GemmaException">The server, the network, the disk or the content is not what it should be.</exception>
    public async Task<bool> RunAsync(Func<bool> isPresent, CancellationToken cancellation)
    {
        using BlobLock held = await BlobLock.AcquireAsync(
            _layout.Lock(_blob.Checksum),
            _options.TimeProvider,
            () =>
            {
                Log.WaitsForOther(_logger, _blob.Name);
                _progress.Set(HubFileState.Waiting, 0);
            },
            cancellation).ConfigureAwait(false);
        if (isPresent())
        {
            _progress.Set(HubFileState.Done, _blob.Length);
            return false;
        }

        string found;
        await using (FileStream file = OpenPartial())
        {
            bool isResumed = await ReadAgainAsync(file, cancellation).ConfigureAwait(false);
            await ReceiveAllAsync(file, cancellation).ConfigureAwait(false);
            found = _checksum.Current();
            if (found != _blob.Checksum && isResumed)
            {
                // What lay there was something else: another program's, or a power cut's.
                Log.BeginsAnew(_logger, _blob.Name, "what an earlier attempt left does not fit");
                StartAgain(file);
                await ReceiveAllAsync(file, cancellation).ConfigureAwait(false);
                found = _checksum.Current();
            }

            Write(() => file.Flush(flushToDisk: true));
        }

        if (found != _blob.Checksum)
        {
            Write(() => System.IO.File.Delete(Partial));
            throw _requests.Failure.Because("the server sends another content than it names; try again later", _blob.Name, $"checksum {_blob.Checksum}", found);
        }

        Write(() => FileReplacement.Replace(Partial, _layout.Blob(_blob.Checksum)));
        _progress.Set(HubFileState.Done, _blob.Length);
        return true;
    }

    public void Dispose() => _checksum.Dispose();

    private FileStream OpenPartial() => Write(() =>
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        return new FileStream(Partial, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
        });
    });

    /// <summary>Takes over what is in the partial file. Returns whether that was anything.</summary>
    private async Task<bool> ReadAgainAsync(FileStream file, CancellationToken cancellation)
    {
        if (file.Length > _blob.Length)
        {
            StartAgain(file);
        }

        byte[] buffer = new byte[1 << 20];
        while (true)
        {
            int count;
            try
            {
                count = await file.ReadAsync(buffer, cancellation).ConfigureAwait(false);
            }
            catch (Exception exception) when (FileFailure.Is(exception))
            {
                throw FileFailure.Reading(Partial, exception);
            }

            if (count == 0)
            {
                return _position > 0;
            }

            _checksum.Append(buffer.AsSpan(0, count));
            _position += count;
            _progress.Set(HubFileState.Checking, _position);
        }
    }

    /// <summary>Receives to the end. Breaking off is made good as often as the options say, and as often again after every byte that came.</summary>
    private async Task ReceiveAllAsync(FileStream file, CancellationToken cancellation)
    {
        _progress.Set(HubFileState.Downloading, _position);
        while (_position < _blob.Length)
        {
            long before = _position;
            try
            {
                await _transfers.ExecuteAsync(async token => await ReceiveAsync(file, token).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            }
            catch (TransferInterruptedException exception)
            {
                if (_position <= before)
                {
                    throw _requests.Failure.Interrupted(exception, _blob.Name);
                }
            }
        }
    }

    /// <summary>One request, from the position on.</summary>
    private async Task ReceiveAsync(FileStream file, CancellationToken cancellation)
    {
        if (_position > 0)
        {
            Log.Resumes(_logger, _blob.Name, _position);
        }

        using HttpResponseMessage response = await _requests.SendAsync(
            HttpMethod.Get,
            _address,
            AskForRest,
            x => _position > 0 && x.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable,
            _blob.Name,
            cancellation).ConfigureAwait(false);
        long expected = Begin(response, file);
        if (response.Content.Headers.ContentLength is { } length && length != expected)
        {
            throw WrongLength($"{expected} bytes", $"{length}");
        }

        using BodyReader body = await BodyReader.OpenAsync(response, _options, cancellation).ConfigureAwait(false);
        byte[] buffer = new byte[1 << 18];
        while (_position < _blob.Length)
        {
            int count = await body.ReadAsync(buffer).ConfigureAwait(false);
            if (count == 0)
            {
                throw new TransferInterruptedException($"the server ended after {_position} of {_blob.Length} bytes");
            }

            if (count > _blob.Length - _position)
            {
                throw WrongLength($"{_blob.Length} bytes", "more");
            }

            try
            {
                await file.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            }
            catch (Exception exception) when (FileFailure.Is(exception))
            {
                throw CannotWrite(exception);
            }

            _checksum.Append(buffer.AsSpan(0, count));
            _position += count;
            _progress.Receive(count);
        }

        // A body without a length could go on.
        if (response.Content.Headers.ContentLength is null && await body.ReadAsync(buffer).ConfigureAwait(false) > 0)
        {
            throw WrongLength($"{_blob.Length} bytes", "more");
        }
    }

    private void AskForRest(HttpRequestMessage request)
    {
        if (_position > 0)
        {
            request.Headers.Range = new RangeHeaderValue(_position, null);
            if (_validators.Of(request.RequestUri) is { } tag)
            {
                request.Headers.IfRange = new RangeConditionHeaderValue(tag);
            }
        }
    }

    /// <summary>Sees what an answer's body is: the rest, or all anew. Returns how many bytes it should have.</summary>
    private long Begin(HttpResponseMessage response, FileStream file)
    {
        Uri? address = response.RequestMessage?.RequestUri;
        EntityTagHeaderValue? known = _validators.Of(address);
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
            bool fits = _position > 0 && range?.From == _position && (range.Length ?? _blob.Length) == _blob.Length;
            if (!fits || (known is not null && response.Headers.ETag is { } tag && !tag.Equals(known)))
            {
                AskForAll(address, file, "the server has another part than was asked for");
            }
        }
        else if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            AskForAll(address, file, "the server does not have that much");
        }
        else if (_position > 0)
        {
            Log.BeginsAnew(_logger, _blob.Name, "the file changed, or the server knows no ranges");
            StartAgain(file);
        }

        _validators.Learn(address, response.Headers.ETag);
        return _blob.Length - _position;
    }

    private void AskForAll(Uri? address, FileStream file, string why)
    {
        Log.BeginsAnew(_logger, _blob.Name, why);
        _validators.Forget(address);
        StartAgain(file);
        throw new TransferInterruptedException(why);
    }

    private void StartAgain(FileStream file)
    {
        Write(() =>
        {
            file.SetLength(0);
            file.Position = 0;
        });
        _checksum.Reset();
        _position = 0;
        _progress.Set(HubFileState.Downloading, 0);
    }

    private GemmaException WrongLength(string expected, string found) =>
        _requests.Failure.Because("the server sends another length than it named; try again later", _blob.Name, expected, found);

    private void Write(Action action) => Write(() =>
    {
        action();
        return 0;
    });

    private T Write<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw CannotWrite(exception);
        }
    }

    private GemmaException CannotWrite(Exception exception) => DiskSpace.IsFull(exception)
        ? new GemmaException("the disk is full; make room and pull again: what has come is kept", Partial, _blob.Name, innerException: exception)
        : FileFailure.Writing(Partial, exception, Partial);
}
