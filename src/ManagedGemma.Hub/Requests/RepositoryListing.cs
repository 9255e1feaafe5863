using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Hub.Transfer;
using Polly;

namespace ManagedGemma.Hub.Requests;

/// <summary>What a revision consists of.</summary>
/// <param name="Commit">40 hexadecimal digits.</param>
/// <param name="Files">All names, as the server gives them: checked by nobody.</param>
internal sealed record RepositoryListing(string Commit, IReadOnlyList<string> Files)
{
    private const int LongestAnswer = 64 << 20;

    /// <summary>Asks the hub.</summary>
    /// <exception cref="GemmaException">Refused, not found, not reachable, or an answer that is none.</exception>
    public static async Task<RepositoryListing> GetAsync(
        HubRequests requests, string revision, ResiliencePipeline transfers, HubOptions options, CancellationToken cancellation)
    {
        try
        {
            byte[] answer = await transfers.ExecuteAsync(
                async token => await ReadAsync(requests, requests.Listing(revision), options, token).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            return Parse(answer, requests.Failure);
        }
        catch (TransferInterruptedException exception)
        {
            throw requests.Failure.Interrupted(exception, "the list of files");
        }
    }

    private static async Task<byte[]> ReadAsync(HubRequests requests, Uri address, HubOptions options, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await requests.SendAsync(HttpMethod.Get, address, null, _ => false, null, cancellation).ConfigureAwait(false);
        using BodyReader body = await BodyReader.OpenAsync(response, options, cancellation).ConfigureAwait(false);
        using MemoryStream answer = new();
        byte[] buffer = new byte[1 << 16];
        while (await body.ReadAsync(buffer).ConfigureAwait(false) is int count and > 0)
        {
            answer.Write(buffer, 0, count);
            if (answer.Length > LongestAnswer)
            {
                throw requests.Failure.Because("the list of files is too long", null, expected: $"at most {LongestAnswer} bytes");
            }
        }

        return answer.ToArray();
    }

    private static RepositoryListing Parse(byte[] answer, HubFailure failure)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("sha"u8, out JsonElement sha)
                || sha.ValueKind != JsonValueKind.String
                || !HubReference.IsCommit(sha.GetString()))
            {
                throw failure.Because("the server's answer names no commit; is it a hub?", null);
            }

            if (!root.TryGetProperty("siblings"u8, out JsonElement siblings) || siblings.ValueKind != JsonValueKind.Array)
            {
                throw failure.Because("the server's answer lists no files; is it a hub?", null);
            }

            List<string> files = new(siblings.GetArrayLength());
            foreach (JsonElement sibling in siblings.EnumerateArray())
            {
                files.Add(
                    sibling.ValueKind == JsonValueKind.Object && sibling.TryGetProperty("rfilename"u8, out JsonElement name) && name.ValueKind == JsonValueKind.String
                        ? name.GetString()!
                        : throw failure.Because("the server's list has a file without a name", null));
            }

            return new RepositoryListing(sha.GetString()!, files);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw failure.Because("the server's answer is not JSON; is it a hub?", null, inner: exception);
        }
    }
}
