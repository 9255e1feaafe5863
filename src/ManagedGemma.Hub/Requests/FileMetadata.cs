using System.Globalization;
using ManagedGemma.Checkpoints;
using ManagedGemma.Hub.Transfer;

namespace ManagedGemma.Hub.Requests;

/// <summary>What the hub says of a file before it is downloaded.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Checksum">SHA-256 (64 digits) or git's blob name (40).</param>
/// <param name="Origin">Who serves the file under its checksum as ETag, so that If-Range may use it; null: another host, with ETags of its own.</param>
internal sealed record FileMetadata(string Name, long Length, string Checksum, Uri? Origin)
{
    /// <summary>
    /// Asks the hub. A large file's answer is a redirect to where it lies, with checksum and length in headers of its own; then nobody else
    /// is asked.
    /// </summary>
    /// <exception cref="GemmaException">Refused, not found, not reachable, or without checksum, length or the right commit.</exception>
    public static async Task<FileMetadata> GetAsync(HubRequests requests, string commit, string name, CancellationToken cancellation)
    {
        // The first of a chain of redirects that says something is the hub.
        string? serverCommit = null, etag = null, size = null;
        void Read(HttpResponseMessage answer)
        {
            serverCommit ??= Header(answer, "X-Repo-Commit");
            etag ??= Header(answer, "X-Linked-Etag");
            size ??= Header(answer, "X-Linked-Size");
        }

        using HttpResponseMessage response = await requests.SendAsync(
            HttpMethod.Head,
            requests.File(commit, name),
            null,
            answer =>
            {
                Read(answer);
                return (int)answer.StatusCode is >= 300 and < 400 && etag is not null && size is not null;
            },
            name,
            cancellation).ConfigureAwait(false);
        Read(response);
        if (serverCommit is not null && serverCommit != commit)
        {
            throw requests.Failure.Because("the server answers for another commit", name, commit, Untrusted.Show(serverCommit));
        }

        etag ??= Header(response, "ETag") ?? string.Empty;
        string checksum = (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"').ToLowerInvariant();
        if (!BlobChecksum.IsChecksum(checksum))
        {
            throw requests.Failure.Because(
                "the server names no checksum; is it a hub?", name, "an ETag of 40 or 64 hexadecimal digits", etag.Length == 0 ? "none" : Untrusted.Show(etag));
        }

        long? length = long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long linked)
            ? linked
            : response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : null;
        if (length is null)
        {
            throw requests.Failure.Because("the server names no length; is it a hub?", name);
        }

        Uri? origin = response.IsSuccessStatusCode && response.Headers.ETag is { IsWeak: false } tag && tag.Tag.Trim('"') == checksum
            ? response.RequestMessage?.RequestUri
            : null;
        return new FileMetadata(name, length.Value, checksum, origin);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
