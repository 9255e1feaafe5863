using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ManagedGemma.Hub.Tests.Support;

/// <summary>
/// A hub with one repository: small files from the hub itself, large ones by redirect from a second server, as the real one does. Both can
/// be told to misbehave.
/// </summary>
internal sealed class FakeHub : IDisposable
{
    public const string Repository = "owner/model-4bit";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public const string Weights = "model.safetensors";

    public FakeHub()
    {
        byte[] weights = new byte[300_000];
        new Random(7).NextBytes(weights);
        Files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["config.json"] = "{\"model_type\": \"gemma3\"}"u8.ToArray(),
            ["tokenizer.json"] = "{}"u8.ToArray(),
            [Weights] = weights,
            ["README.md"] = "# Model"u8.ToArray(),
            [".gitattributes"] = "* text"u8.ToArray(),
            ["pytorch_model.bin"] = new byte[10],
            ["consolidated.pth"] = new byte[10],
            ["model-Q4_0.gguf"] = new byte[10],
            ["banner.png"] = new byte[10],
        };
        Cdn = new TestServer(request => OnCdn?.Invoke(request) ?? Content(request));
        Server = new TestServer(request => OnHub?.Invoke(request) ?? Answer(request));
    }

    public SortedDictionary<string, byte[]> Files { get; }

    /// <summary>The hub itself.</summary>
    public TestServer Server { get; }

    /// <summary>Where large files lie: another port, hence another origin.</summary>
    public TestServer Cdn { get; }

    /// <summary>Answers in the hub's place; null: the hub answers.</summary>
    public Func<TestRequest, TestAnswer?>? OnHub { get; set; }

    /// <summary>Answers in the other server's place; null: it answers itself.</summary>
    public Func<TestRequest, TestAnswer?>? OnCdn { get; set; }

    /// <summary>What the other server calls its files; not their checksum.</summary>
    public string CdnTag { get; set; } = "\"d41d8cd9-57\"";

    public byte[] WeightBytes => Files[Weights];

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>git's name of a blob.</summary>
    public static string GitName(byte[] bytes)
    {
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {bytes.Length}\0"));
#pragma warning disable CA5350 // git's choice.
        return Convert.ToHexStringLower(SHA1.HashData([.. head, .. bytes]));
#pragma warning restore CA5350
    }

    public static bool IsLarge(string name) => Path.GetExtension(name) is ".safetensors" or ".bin" or ".gguf" or ".pth";

    public string Checksum(string name) => IsLarge(name) ? Sha256(Files[name]) : GitName(Files[name]);

    /// <summary>Options that do not wait.</summary>
    public HubOptions Options(string cache) => new()
    {
        Endpoint = Server.Address,
        CacheDirectory = cache,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        MaxRetries = 3,

        // A loaded machine may stand still for long.
        ResponseTimeout = TimeSpan.FromMinutes(5),
        StallTimeout = TimeSpan.FromMinutes(5),
    };

    /// <summary>The environment of a command that uses this hub.</summary>
    public Dictionary<string, string> Environment(string cache) => new()
    {
        ["HF_ENDPOINT"] = Server.Address.ToString(),
        ["HF_HUB_CACHE"] = cache,
    };

    /// <summary>The other server's answer, ranges and conditions honoured.</summary>
    public TestAnswer Content(TestRequest request) => Content(request, Files.Values.First(x => Sha256(x) == Name(request)), CdnTag);

    public void Dispose()
    {
        Server.Dispose();
        Cdn.Dispose();
    }

    /// <summary>The hub's own answer.</summary>
    public TestAnswer Answer(TestRequest request)
    {
        if (request.Path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
        {
            var listing = new { id = Repository, sha = Commit, siblings = Files.Keys.Select(x => new { rfilename = x }) };
            return new TestAnswer { Body = JsonSerializer.SerializeToUtf8Bytes(listing) };
        }

        string files = $"/{Repository}/resolve/{Commit}/";
        string name = request.Path.StartsWith(files, StringComparison.Ordinal) ? WebUtility.UrlDecode(request.Path[files.Length..]) : string.Empty;
        if (!Files.TryGetValue(name, out byte[]? bytes))
        {
            return TestAnswer.Error(404, name.Length > 0 ? "EntryNotFound" : "RepoNotFound");
        }

        if (!IsLarge(name))
        {
            TestAnswer answer = Content(request, bytes, $"\"{GitName(bytes)}\"");
            answer.Headers.Add(("X-Repo-Commit", Commit));
            return answer;
        }

        TestAnswer redirect = TestAnswer.Redirect($"{Cdn.Address}blob/{Sha256(bytes)}?signature=secret");
        redirect.Headers.AddRange(
        [
            ("X-Repo-Commit", Commit),
            ("X-Linked-Etag", $"\"{Sha256(bytes)}\""),
            ("X-Linked-Size", bytes.Length.ToString(CultureInfo.InvariantCulture)),
            ("ETag", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
        ]);
        return redirect;
    }

    private static TestAnswer Content(TestRequest request, byte[] bytes, string tag)
    {
        if (request.Range is { } range && (request.IfRange is null || request.IfRange == tag))
        {
            int from = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
            return from < bytes.Length
                ? new TestAnswer { Status = 206, Body = bytes[from..], Headers = [("ETag", tag), ("Content-Range", $"bytes {from}-{bytes.Length - 1}/{bytes.Length}")] }
                : new TestAnswer { Status = 416, Headers = [("Content-Range", $"bytes */{bytes.Length}")] };
        }

        return new TestAnswer { Body = bytes, Headers = [("ETag", tag)] };
    }

    private static string Name(TestRequest request) => request.Path.Split('?')[0].Split('/')[^1];
}
