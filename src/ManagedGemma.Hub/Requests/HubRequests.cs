using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Hub.Requests;

/// <summary>
/// Requests about one repository: the token for the hub alone, redirects followed by hand, and every refusal a
/// <see cref="GemmaException"/> that says what to do.
/// </summary>
internal sealed class HubRequests(HttpClient http, HubOptions options, HubReference reference)
{
    private const int MostRedirects = 10;

    private static readonly ProductInfoHeaderValue Product = new(
        "managed-gemma", typeof(HubRequests).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0");

    private readonly HubFailure _failure = new(options, reference);

    /// <summary>What turns refusals into messages.</summary>
    public HubFailure Failure => _failure;

    /// <summary>The address of what the hub knows of a revision.</summary>
    public Uri Listing(string revision) => Address($"api/models/{reference.Repository}/revision/{Uri.EscapeDataString(revision)}");

    /// <summary>The address of a file.</summary>
    public Uri File(string commit, string name) =>
        Address($"{reference.Repository}/resolve/{commit}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}");

    /// <summary>Sends a request and follows redirects until an answer is accepted.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="address">Where to begin.</param>
    /// <param name="prepare">Adds headers; called for each hop, with its address in the request.</param>
    /// <param name="isAccepted">Whether an answer is what the caller wants, though it is no success.</param>
    /// <param name="file">The file asked for, for messages; null: the listing.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The answer, of which only the head has been read; the caller disposes it.</returns>
    /// <exception cref="GemmaException">Refused, not found, not reachable.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        Uri address,
        Action<HttpRequestMessage>? prepare,
        Func<HttpResponseMessage, bool> isAccepted,
        string? file,
        CancellationToken cancellation)
    {
        for (int hop = 0; hop <= MostRedirects; hop++)
        {
            HttpResponseMessage response = await SendOnceAsync(method, address, prepare, file, cancellation).ConfigureAwait(false);
            bool isDone = false;
            try
            {
                if (response.RequestMessage?.RequestUri is { } answered && answered != address)
                {
                    throw new InvalidOperationException(
                        "The HTTP client follows redirects by itself; the hub's answers need a handler with AllowAutoRedirect = false.");
                }

                isDone = response.IsSuccessStatusCode || isAccepted(response);
                if (isDone)
                {
                    return response;
                }

                address = IsRedirect(response.StatusCode) ? Target(address, response, file) : throw _failure.Refused(response, file);
            }
            finally
            {
                if (!isDone)
                {
                    response.Dispose();
                }
            }
        }

        throw _failure.Because("the server redirects in a circle", file);
    }

    /// <summary>Whether two addresses are of one origin: scheme, host and port.</summary>
    public static bool IsSameOrigin(Uri left, Uri right) =>
        Uri.Compare(left, right, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method, Uri address, Action<HttpRequestMessage>? prepare, string? file, CancellationToken cancellation)
    {
        using HttpRequestMessage request = new(method, address);
        request.Headers.UserAgent.Add(Product);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (options.Token is { } token && IsSameOrigin(address, options.Endpoint))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        prepare?.Invoke(request);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested && (RetryPolicy.IsNoAnswer(exception) || exception is OperationCanceledException))
        {
            throw _failure.Unreachable(exception, address, file);
        }
    }

    private Uri Target(Uri from, HttpResponseMessage response, string? file)
    {
        if (response.Headers.Location is not { } location || !Uri.TryCreate(from, location, out Uri? target) || target.Scheme is not ("http" or "https"))
        {
            throw _failure.Because("the server redirects to nowhere", file);
        }

        // Whoever sits between could serve anything.
        return from.Scheme == "https" && target.Scheme != "https"
            ? throw _failure.Because($"the server redirects from https to an unprotected address on {Untrusted.Show(target.Host)}", file)
            : target;
    }

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    private Uri Address(string path) => new($"{options.Endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{path}");
}
