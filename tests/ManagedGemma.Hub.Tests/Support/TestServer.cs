using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ManagedGemma.Hub.Tests.Support;

/// <summary>An HTTP/1.1 server that is allowed to misbehave: one request a connection, answers byte by byte as told.</summary>
internal sealed class TestServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<TestRequest, TestAnswer> _answer;

    public TestServer(Func<TestRequest, TestAnswer> answer)
    {
        _answer = answer;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _ = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    /// <summary>All requests so far, in the order of their coming.</summary>
    public ConcurrentQueue<TestRequest> Requests { get; } = new();

    public IEnumerable<TestRequest> Gets(string part) => Requests.Where(x => x.Method == "GET" && x.Path.Contains(part, StringComparison.Ordinal));

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_end.Token);
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                NetworkStream stream = client.GetStream();
                TestRequest request = await ReadAsync(stream);
                Requests.Enqueue(request);
                await WriteAsync(client, stream, request, _answer(request));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side went away, or the test is over.
            }
        }
    }

    private async Task<TestRequest> ReadAsync(NetworkStream stream)
    {
        StringBuilder head = new();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _end.Token) == 0)
            {
                throw new IOException("no request");
            }

            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] words = lines[0].Split(' ');
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        return new TestRequest(words[0], words[1], headers);
    }

    private async Task WriteAsync(TcpClient client, NetworkStream stream, TestRequest request, TestAnswer answer)
    {
        if (answer.Silent)
        {
            await Task.Delay(Timeout.Infinite, _end.Token);
        }

        StringBuilder head = new();
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} Whatever\r\nConnection: close\r\n");
        long? length = answer.HasNoLength ? null : answer.Length ?? answer.Body.Length;
        if (length is not null)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
        }

        foreach ((string name, string value) in answer.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), _end.Token);
        if (request.Method == "HEAD")
        {
            return;
        }

        int end = Math.Min(answer.CutAfter ?? int.MaxValue, answer.Body.Length);
        for (int start = 0; start < end;)
        {
            if (answer.Hold is { } hold && start >= hold.At)
            {
                await hold.Until.WaitAsync(_end.Token);
            }

            int count = Math.Min(answer.Piece, end - start);
            await stream.WriteAsync(answer.Body.AsMemory(start, count), _end.Token);
            request.Sent += count;
            start += count;
            if (answer.Pause > TimeSpan.Zero)
            {
                await Task.Delay(answer.Pause, _end.Token);
            }
        }

        if (answer.CutAfter is not null)
        {
            // What was sent should arrive before the reset does.
            await stream.FlushAsync(_end.Token);
            await Task.Delay(50, _end.Token);
            client.LingerState = new LingerOption(true, 0);
        }
    }
}
