using ManagedGemma.Checkpoints;
using ManagedGemma.Hub.Layout;
using ManagedGemma.Hub.Requests;
using ManagedGemma.Hub.Transfer;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;

namespace ManagedGemma.Hub;

/// <summary>
/// Downloads models from the Hugging Face Hub into its standard cache, where every tool of that world finds them. Interrupted downloads
/// go on where they stopped, contents are verified, and processes that want the same file share one download. Safe for several threads.
/// </summary>
/// <example>
/// <code>
/// using HubClient hub = new();
/// HubSnapshot snapshot = await hub.PullAsync("mlx-community/gemma-3-12b-it-4bit");
/// using GemmaTextEncoder encoder = GemmaTextEncoder.Load(snapshot.Path);
/// </code>
/// </example>
public sealed class HubClient : IDisposable
{
    /// <summary>The name of the client that is asked of <see cref="IHttpClientFactory"/>.</summary>
    public const string HttpClientName = "ManagedGemma.Hub";

    private readonly HubOptions _options;
    private readonly HttpClient? _own;
    private readonly IHttpClientFactory? _factory;
    private readonly ILogger _logger;

    /// <summary>A client with connections of its own.</summary>
    /// <param name="options">Null: what the environment says.</param>
    /// <param name="logger">Told of waits, resumptions and new beginnings.</param>
    /// <exception cref="GemmaException">The environment names no usable endpoint or token.</exception>
    public HubClient(HubOptions? options = null, ILogger<HubClient>? logger = null)
    {
        _options = options ?? HubOptions.FromEnvironment();
        _logger = logger ?? NullLogger<HubClient>.Instance;
        _own = new HttpClient(HubHandler.Create(_options)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>A client over a factory's connections, as <see cref="HubServiceCollectionExtensions.AddHubClient"/> sets them up.</summary>
    /// <param name="factory">Gives <see cref="HttpClientName"/>, whose handler must not follow redirects.</param>
    /// <param name="options">Where from, where to, how patiently.</param>
    /// <param name="logger">Told of waits, resumptions and new beginnings.</param>
    public HubClient(IHttpClientFactory factory, HubOptions options, ILogger<HubClient>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(options);
        _factory = factory;
        _options = options;
        _logger = logger ?? NullLogger<HubClient>.Instance;
    }

    /// <inheritdoc cref="PullAsync(HubReference, HubSelection?, IProgress{HubProgress}?, CancellationToken)"/>
    /// <param name="model"><c>owner/name</c> or <c>owner/name@revision</c>.</param>
    /// <param name="selection">Which files; null: what a model needs.</param>
    /// <param name="progress">Told of every file, several times a second.</param>
    /// <param name="cancellation">Stops within a moment; what has come stays for the next time.</param>
    public Task<HubSnapshot> PullAsync(
        string model, HubSelection? selection = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return HubReference.TryParse(model, out HubReference? reference)
            ? PullAsync(reference, selection, progress, cancellation)
            : throw new GemmaException("this is no model of the hub", subject: Untrusted.Show(model), expected: "owner/name or owner/name@revision");
    }

    /// <summary>Downloads what is missing of a model.</summary>
    /// <param name="reference">The model.</param>
    /// <param name="selection">Which files; null: what a model needs.</param>
    /// <param name="progress">Told of every file, several times a second.</param>
    /// <param name="cancellation">Stops within a moment; what has come stays for the next time.</param>
    /// <returns>The snapshot, which has all the wanted files.</returns>
    /// <exception cref="GemmaException">The hub refuses, nothing answers, a content is not what it should be, the disk is full; the message
    /// says what to do. Nothing incomplete is under a final name.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<HubSnapshot> PullAsync(
        HubReference reference, HubSelection? selection = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (_options.Offline)
        {
            throw new GemmaException("HF_HUB_OFFLINE forbids downloads", reference.ToString());
        }

        string cache = _options.CacheDirectory ?? HubCache.Root()
            ?? throw new GemmaException("the environment names no directory for the cache; set HF_HUB_CACHE", reference.ToString());
        RepositoryLayout layout = new(Path.GetFullPath(cache), reference);
        HubRequests requests = new(_own ?? _factory!.CreateClient(HttpClientName), _options, reference);
        ResiliencePipeline transfers = RetryPolicy.Transfers(_options);
        string revision = reference.Revision ?? "main";

        RepositoryListing listing = await RepositoryListing.GetAsync(requests, revision, transfers, _options, cancellation).ConfigureAwait(false);
        List<string> names = FileChoice.Of(listing.Files, selection ?? HubSelection.Default, reference.Repository);
        FileMetadata[] files = await DescribeAsync(requests, listing.Commit, names, cancellation).ConfigureAwait(false);

        ProgressBoard board = new(progress, _options.TimeProvider);
        List<PlannedBlob> blobs = [.. files.GroupBy(x => x.Checksum).Select(x => new PlannedBlob(layout, listing.Commit, [.. x], board))];
        List<PlannedBlob> missing = blobs.FindAll(x => !x.IsPresent());
        Log.Begins(_logger, reference.Repository, listing.Commit, missing.Count, files.Length, missing.Sum(x => x.Length));
        RequireRoom(layout, missing, reference);
        board.Begin();
        await Parallel.ForEachAsync(missing, Parallelism(cancellation), async (blob, token) =>
        {
            using BlobDownload download = new(requests, _options, transfers, layout, listing.Commit, blob.First, blob.Progress, _logger);
            blob.WasDownloaded = await download.RunAsync(blob.IsPresent, token).ConfigureAwait(false);
        }).ConfigureAwait(false);

        // Only now: a snapshot that exists is complete, and a branch moves on to it whole.
        SnapshotWriter writer = new(layout, _options.UseSymbolicLinks);
        blobs.ForEach(x => writer.Place(listing.Commit, x.Checksum, x.Length, x.Names, x.WasDownloaded));
        writer.Refer(revision, listing.Commit);
        HashSet<string> downloaded = [.. blobs.Where(x => x.WasDownloaded).Select(x => x.Checksum)];
        return new HubSnapshot(
            reference.Repository,
            revision,
            listing.Commit,
            layout.Snapshot(listing.Commit),
            [.. files.Select(x => new HubFile(x.Name, layout.File(listing.Commit, x.Name), x.Length, x.Checksum, downloaded.Contains(x.Checksum)))],
            board.Received);
    }

    /// <summary>Closes connections of its own.</summary>
    public void Dispose() => _own?.Dispose();

    private async Task<FileMetadata[]> DescribeAsync(HubRequests requests, string commit, List<string> names, CancellationToken cancellation)
    {
        FileMetadata[] files = new FileMetadata[names.Count];
        await Parallel.ForAsync(0, names.Count, Parallelism(cancellation), async (i, token) =>
            files[i] = await FileMetadata.GetAsync(requests, commit, names[i], token).ConfigureAwait(false)).ConfigureAwait(false);
        return files;
    }

    private ParallelOptions Parallelism(CancellationToken cancellation) =>
        new() { MaxDegreeOfParallelism = Math.Max(1, _options.MaxConcurrentFiles), CancellationToken = cancellation };

    private static void RequireRoom(RepositoryLayout layout, List<PlannedBlob> missing, HubReference reference)
    {
        try
        {
            Directory.CreateDirectory(layout.Cache);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(layout.Cache, exception, layout.Cache);
        }

        long wanted = missing.Sum(x => x.Length - x.PartialLength());
        if (DiskSpace.Free(layout.Cache) is { } free && free < wanted)
        {
            throw new GemmaException(
                $"there is not enough room on the disk for {reference}; make room, or set HF_HUB_CACHE to another disk",
                layout.Cache,
                expected: DiskSpace.Show(wanted),
                found: DiskSpace.Show(free));
        }
    }
}
