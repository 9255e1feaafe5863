namespace ManagedGemma.Hub.Tests.Support;

/// <summary>A request that came.</summary>
internal sealed class TestRequest(string method, string path, IReadOnlyDictionary<string, string> headers)
{
    private long _sent;

    public string Method => method;

    public string Path => path;

    public string? Token => headers.GetValueOrDefault("Authorization");

    public string? Range => headers.GetValueOrDefault("Range");

    public string? IfRange => headers.GetValueOrDefault("If-Range");

    /// <summary>Bytes of the body that were sent.</summary>
    public long Sent
    {
        get => Interlocked.Read(ref _sent);
        set => Interlocked.Exchange(ref _sent, value);
    }

    public string? Header(string name) => headers.GetValueOrDefault(name);
}
