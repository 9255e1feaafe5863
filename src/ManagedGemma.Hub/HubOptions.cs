using ManagedGemma.Checkpoints;

namespace ManagedGemma.Hub;

/// <summary>Where models come from, where they go, and how patiently.</summary>
public sealed class HubOptions
{
    /// <summary>What <see cref="MaxConcurrentFiles"/> begins with.</summary>
    public const int DefaultConcurrentFiles = 4;

    private const int LongestToken = 4096;

    /// <summary>The hub's address; a path in it stays in front of everything.</summary>
    public Uri Endpoint { get; set; } = new("https://huggingface.co");

    /// <summary>
    /// The token that opens private and gated repositories; null: none. It is sent to the origin (scheme, host and port) of
    /// <see cref="Endpoint"/> and to nobody else, and no message shows it.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>The cache's directory, made when it is missing; null: the one that the environment names (<see cref="HubCache.Root"/>).</summary>
    public string? CacheDirectory { get; set; }

    /// <summary>Files that are downloaded at the same time.</summary>
    public int MaxConcurrentFiles { get; set; } = DefaultConcurrentFiles;

    /// <summary>Further attempts after a failure that may pass. In the middle of a file they count anew after every byte that came.</summary>
    public int MaxRetries { get; set; } = 5;

    /// <summary>The wait before the second attempt; it doubles with each further one.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between attempts. A server that asks for more (Retry-After) is not waited for: that is an error.</summary>
    public TimeSpan LongestRetryDelay { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long an answer may take to begin.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a download may stand still before it is begun anew where it stopped.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Whether snapshots may consist of symbolic links into the blobs. Where the file system has none, or with false, files are moved or
    /// copied into the snapshot.
    /// </summary>
    public bool UseSymbolicLinks { get; set; } = true;

    /// <summary>Whether to refuse any download (HF_HUB_OFFLINE).</summary>
    public bool Offline { get; set; }

    /// <summary>The clock of waits and progress.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>
    /// What Hugging Face's tools read from the environment: HF_ENDPOINT, HF_TOKEN (else the file that HF_TOKEN_PATH names, else
    /// HF_HOME/token), HF_HUB_CACHE and HF_HOME, HF_HUB_OFFLINE.
    /// </summary>
    /// <param name="environment">Gives an environment variable or null; by default the process's own.</param>
    /// <exception cref="GemmaException">HF_ENDPOINT is no address, or the token is none.</exception>
    public static HubOptions FromEnvironment(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        HubOptions options = new()
        {
            Token = TokenOf(environment),
            CacheDirectory = HubCache.Root(environment),
            Offline = environment("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE",
        };
        if (environment("HF_ENDPOINT") is { Length: > 0 } endpoint)
        {
            options.Endpoint = Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
                ? address
                : throw new GemmaException("this is no address of a hub", subject: "HF_ENDPOINT", expected: "https://…", found: Untrusted.Show(endpoint));
        }

        return options;
    }

    private static string? TokenOf(Func<string, string?> environment)
    {
        if (environment("HF_TOKEN")?.Trim() is { Length: > 0 } token)
        {
            return Checked(token, "HF_TOKEN");
        }

        string? path = environment("HF_TOKEN_PATH") is { Length: > 0 } named
            ? named
            : HubCache.Home(environment) is { } home ? Path.Combine(home, "token") : null;
        if (!File.Exists(path))
        {
            return null;
        }

        string content = System.Text.Encoding.UTF8.GetString(FileFailure.ReadSmall(path, LongestToken)).Trim();
        return content.Length > 0 ? Checked(content, path) : null;
    }

    // A line break in it would end the header that carries it.
    private static string Checked(string token, string origin) => token.All(c => c is > ' ' and < (char)127)
        ? token
        : throw new GemmaException("this is no token: it holds spaces, line breaks or other than ASCII characters", subject: origin);
}
