using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using ManagedGemma.Checkpoints;
using Polly.Timeout;

namespace ManagedGemma.Hub.Requests;

/// <summary>Says what went wrong with a repository and what to do about it. The token is in none of it.</summary>
internal sealed class HubFailure(HubOptions options, HubReference reference)
{
    /// <summary>An answer that is a refusal.</summary>
    public GemmaException Refused(HttpResponseMessage response, string? file)
    {
        string code = Header(response, "X-Error-Code") ?? string.Empty;
        int status = (int)response.StatusCode;
        string problem = (status, code) switch
        {
            (_, "GatedRepo") => $"the repository is gated: accept its licence at {Page()}, then {GetToken()}",
            (_, "DisabledRepo") => "the hub has disabled the repository",
            (404, "RevisionNotFound") => $"the repository has no revision {reference.Revision ?? "main"}",
            (404, "EntryNotFound") => "the repository has no such file",
            (404, _) when file is null => "the hub has no such repository or revision",
            (404, _) => "the hub has no such file",
            (401, _) when options.Token is null => $"the hub has no such public repository; if it is private or gated, {GetToken()}",
            (401, _) => "the hub refuses the token, or there is no such repository; check the name and HF_TOKEN",
            (403, _) => $"the token does not open the repository: accept its licence at {Page()}, and let the token read gated repositories",
            (429, _) => $"too many requests; try again {Later(response)}",
            (408, _) or ( >= 500, _) => $"the server fails, after {Attempts()}; try again later",
            _ => "the server refuses",
        };
        string found = string.Create(CultureInfo.InvariantCulture, $"HTTP {status}");
        return Because(problem, file, found: Header(response, "X-Error-Message") is { } message ? $"{found}, {Show(message)}" : found);
    }

    /// <summary>No answer at all.</summary>
    public GemmaException Unreachable(Exception exception, Uri address, string? file)
    {
        string host = Untrusted.Show(address.IsDefaultPort ? address.Host : $"{address.Host}:{address.Port.ToString(CultureInfo.InvariantCulture)}");
        string problem = exception switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => $"no network, or no host {host}",
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => $"no secure connection to {host}",
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => $"the proxy does not lead to {host}",
            HttpRequestException => $"no connection to {host}",
            TimeoutRejectedException or OperationCanceledException => $"no answer from {host} in time",
            _ => $"no answer from {host}",
        };
        return Because($"{problem}, after {Attempts()}; what has come is kept", file, found: exception is HttpRequestException ? Show(exception.Message) : null, inner: exception);
    }

    /// <summary>A transfer that broke off too often.</summary>
    public GemmaException Interrupted(Exception exception, string file) =>
        Because($"the download broke off, {Attempts()} in a row; what has come is kept", file, found: Show(exception.Message), inner: exception);

    /// <summary>Any other problem.</summary>
    public GemmaException Because(string problem, string? file, string? expected = null, string? found = null, Exception? inner = null) =>
        new(problem, reference.ToString(), file is null ? null : Untrusted.Show(file), expected, found, inner);

    // A server may repeat what it was sent.
    private string Show(string text) => Untrusted.Show(options.Token is { } token ? text.Replace(token, "(the token)", StringComparison.Ordinal) : text);

    private string Page() => $"{options.Endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/')}/{reference.Repository}";

    private string GetToken() => options.Token is null
        ? "set HF_TOKEN to a token of your account (hf auth login keeps one, too)"
        : "use a token (HF_TOKEN) of the account that accepted it, which may read gated repositories";

    private string Attempts() => options.MaxRetries == 0 ? "one attempt" : string.Create(CultureInfo.InvariantCulture, $"{options.MaxRetries + 1} attempts");

    private string Later(HttpResponseMessage response)
    {
        TimeSpan? wait = RetryPolicy.AskedFor(response, options);
        return wait is null ? "later" : string.Create(CultureInfo.InvariantCulture, $"in {Math.Ceiling(wait.Value.TotalSeconds):0} seconds") + Hint();
    }

    private string Hint() => options.Token is null ? "; with HF_TOKEN the hub allows more" : string.Empty;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
