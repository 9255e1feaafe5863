using System.Diagnostics;
using ManagedGemma.Hub.Tests.Support;

namespace ManagedGemma.Hub.Tests;

/// <summary>Downloads that break off, go on, or come out wrong.</summary>
public sealed class TransferTests : IDisposable
{
    private const int Cut = 100_000;

    private readonly FakeHub _hub = new();
    private readonly HubCacheFiles _cache = new();

    private string Partial => _cache.Partial(_hub.Checksum(FakeHub.Weights));

    private string Blob => _cache.Blob(_hub.Checksum(FakeHub.Weights));

    public void Dispose()
    {
        _hub.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public async Task A_broken_download_goes_on_where_it_stopped_if_the_file_is_the_same()
    {
        _hub.OnCdn = request => request.Range is null ? _hub.Content(request) with { CutAfter = Cut } : null;
        await PullAsync();
        TestRequest[] requests = [.. _hub.Cdn.Requests];
        Assert.Equal(2, requests.Length);
        Assert.Equal((null, $"bytes={Cut}-"), (requests[0].Range, requests[1].Range));

        // The condition is the ETag of the host that is asked, not the checksum that the hub gave.
        Assert.Equal(_hub.CdnTag, requests[1].IfRange);
        Assert.Equal(_hub.WeightBytes.Length, requests.Sum(x => x.Sent));
        IsWhole();
    }

    [Fact]
    public async Task Breaking_off_again_and_again_does_no_harm_while_bytes_come()
    {
        // Ten times, with three retries: each byte gives new patience.
        _hub.OnCdn = request => _hub.Content(request) with { CutAfter = 30_000 };
        await PullAsync();
        Assert.Equal(10, _hub.Cdn.Requests.Count);
        IsWhole();
    }

    [Fact]
    public async Task A_server_without_ranges_sends_all_again()
    {
        int count = 0;
        _hub.OnCdn = request => new TestAnswer { Body = _hub.WeightBytes, CutAfter = count++ == 0 ? Cut : null };
        await PullAsync();
        TestRequest[] requests = [.. _hub.Cdn.Requests];
        Assert.Equal($"bytes={Cut}-", requests[1].Range);
        Assert.Null(requests[1].IfRange);
        IsWhole();
    }

    [Fact]
    public async Task A_file_that_changed_is_begun_anew()
    {
        _hub.OnCdn = request =>
        {
            TestAnswer answer = _hub.Content(request) with { CutAfter = request.Range is null ? Cut : null };
            _hub.CdnTag = "\"another\"";
            return answer;
        };
        await PullAsync();
        TestRequest[] requests = [.. _hub.Cdn.Requests];
        Assert.Equal("\"d41d8cd9-57\"", requests[1].IfRange);
        Assert.Equal(_hub.WeightBytes.Length, requests[1].Sent);
        IsWhole();
    }

    [Theory]
    [InlineData("tag")]
    [InlineData("from")]
    [InlineData("total")]
    [InlineData("no range")]
    [InlineData("nothing")]
    public async Task Another_part_than_was_asked_for_is_not_taken(string what)
    {
        byte[] wrong = new byte[_hub.WeightBytes.Length - Cut];
        int total = _hub.WeightBytes.Length;
        _hub.OnCdn = request => request.Range is null
            ? _hub.Content(request) with { CutAfter = _hub.Cdn.Requests.Count == 1 ? Cut : null }
            : new TestAnswer
            {
                Status = what == "nothing" ? 416 : 206,
                Body = wrong,
                Headers = what switch
                {
                    "tag" => [("ETag", "\"another\""), ("Content-Range", $"bytes {Cut}-{total - 1}/{total}")],
                    "from" => [("ETag", _hub.CdnTag), ("Content-Range", $"bytes {Cut - 1}-{total - 2}/{total}")],
                    "total" => [("ETag", _hub.CdnTag), ("Content-Range", $"bytes {Cut}-{total - 1}/{total + 1}")],
                    _ => [("ETag", _hub.CdnTag)],
                },
            };
        await PullAsync();
        Assert.Equal([null, $"bytes={Cut}-", null], _hub.Cdn.Requests.Select(x => x.Range));
        IsWhole();
    }

    [Fact]
    public async Task What_an_earlier_attempt_left_is_not_asked_for_again()
    {
        HubCacheFiles.Write(Partial, _hub.WeightBytes[..Cut]);
        HubSnapshot snapshot = await PullAsync();
        TestRequest request = Assert.Single(_hub.Cdn.Requests);
        Assert.Equal($"bytes={Cut}-", request.Range);
        Assert.Equal(_hub.WeightBytes.Length - Cut, request.Sent);
        Assert.Equal(_hub.Files["config.json"].Length + _hub.Files["tokenizer.json"].Length + request.Sent, snapshot.ReceivedBytes);
        IsWhole();
    }

    [Fact]
    public async Task A_small_file_goes_on_under_the_hubs_own_condition()
    {
        byte[] bytes = _hub.Files["tokenizer.json"] = new byte[1000];
        HubCacheFiles.Write(_cache.Partial(_hub.Checksum("tokenizer.json")), bytes[..10]);
        await PullAsync();
        TestRequest request = Assert.Single(_hub.Server.Gets("tokenizer.json"));
        Assert.Equal(("bytes=10-", $"\"{_hub.Checksum("tokenizer.json")}\""), (request.Range, request.IfRange));
        Assert.Equal(bytes, _cache.Read("tokenizer.json"));
    }

    [Fact]
    public async Task A_whole_partial_file_is_only_checked()
    {
        HubCacheFiles.Write(Partial, _hub.WeightBytes);
        await PullAsync();
        Assert.Empty(_hub.Cdn.Requests);
        IsWhole();
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(300_000)]
    [InlineData(300_001)]
    public async Task What_does_not_fit_is_thrown_away_and_fetched_anew(int length)
    {
        HubCacheFiles.Write(Partial, new byte[length]);
        await PullAsync();
        Assert.Null(_hub.Cdn.Requests.Last().Range);
        IsWhole();
    }

    [Fact]
    public async Task Another_content_than_named_is_refused()
    {
        byte[] wrong = [.. _hub.WeightBytes];
        wrong[Cut]++;
        _hub.OnCdn = _ => new TestAnswer { Body = wrong };
        string message = await FailsAsync();
        Assert.Contains("another content", message, StringComparison.Ordinal);
        Assert.Contains(_hub.Checksum(FakeHub.Weights), message, StringComparison.Ordinal);
        Assert.Contains(FakeHub.Sha256(wrong), message, StringComparison.Ordinal);
        Assert.False(File.Exists(Blob));
        Assert.False(File.Exists(Partial));
        Assert.False(Directory.Exists(_cache.Snapshot));
    }

    [Fact]
    public async Task Another_content_of_a_small_file_is_refused_too()
    {
        _hub.OnHub = request => request.Method == "GET" && request.Path.EndsWith("config.json", StringComparison.Ordinal)
            ? new TestAnswer { Body = new byte[_hub.Files["config.json"].Length] }
            : null;
        Assert.Contains("another content", await FailsAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(299_999, false)]
    [InlineData(300_001, false)]
    [InlineData(300_001, true)]
    public async Task Another_length_than_named_is_refused(int length, bool hasNoLength)
    {
        _hub.OnCdn = _ => new TestAnswer { Body = new byte[length], HasNoLength = hasNoLength };
        string message = await FailsAsync();
        Assert.Contains("another length", message, StringComparison.Ordinal);
        Assert.Contains("300000", message, StringComparison.Ordinal);
        Assert.False(File.Exists(Blob));
    }

    [Fact]
    public async Task A_body_that_ends_early_every_time_is_given_up()
    {
        _hub.OnCdn = request => new TestAnswer { Body = request.Range is null ? _hub.WeightBytes[..Cut] : [], HasNoLength = true, Status = request.Range is null ? 200 : 206, Headers = request.Range is null ? [] : [("Content-Range", $"bytes {Cut}-299999/300000")] };
        string message = await FailsAsync();
        Assert.Contains("broke off, 4 attempts", message, StringComparison.Ordinal);
        Assert.Contains($"{Cut} of 300000", message, StringComparison.Ordinal);
        Assert.Equal(_hub.WeightBytes[..Cut], await File.ReadAllBytesAsync(Partial));

        // Four without progress, after the first that had some and the rest of its patience.
        Assert.Equal(8, _hub.Cdn.Requests.Count);
    }

    [Fact]
    public async Task A_download_that_stands_still_is_begun_anew_where_it_stood()
    {
        Task never = new TaskCompletionSource().Task;
        _hub.OnCdn = request => request.Range is null ? _hub.Content(request) with { Hold = (Cut, never), Piece = 10_000 } : null;
        HubOptions options = _hub.Options(_cache.Path);
        options.StallTimeout = TimeSpan.FromMilliseconds(300);
        using HubClient client = new(options);
        await client.PullAsync(FakeHub.Repository);
        Assert.Equal([null, $"bytes={Cut}-"], _hub.Cdn.Requests.Select(x => x.Range));
        IsWhole();
    }

    [Fact]
    public async Task Cancelling_keeps_what_has_come_and_shows_no_snapshot()
    {
        Task never = new TaskCompletionSource().Task;
        _hub.OnCdn = request => _hub.Content(request) with { Hold = (Cut, never), Piece = 10_000 };
        using HubClient client = new(_hub.Options(_cache.Path));
        using CancellationTokenSource cancellation = new();
        Task<HubSnapshot> pull = client.PullAsync(FakeHub.Repository, cancellation: cancellation.Token);
        await Until(() => File.Exists(Partial) && new FileInfo(Partial).Length == Cut);
        Stopwatch watch = Stopwatch.StartNew();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(_hub.WeightBytes[..Cut], await File.ReadAllBytesAsync(Partial));
        Assert.DoesNotContain(_cache.All, x => x.Contains("/snapshots/", StringComparison.Ordinal) || x.Contains("/refs/", StringComparison.Ordinal));

        _hub.OnCdn = null;
        await client.PullAsync(FakeHub.Repository);
        Assert.Equal($"bytes={Cut}-", _hub.Cdn.Requests.Last().Range);
        IsWhole();
    }

    [Fact]
    public async Task Progress_adds_up()
    {
        HubCacheFiles.Write(Partial, _hub.WeightBytes[..Cut]);
        List<HubProgress> reports = [];
        using HubClient client = new(_hub.Options(_cache.Path));
        await client.PullAsync(FakeHub.Repository, progress: new Collector(reports));
        int total = _hub.WeightBytes.Length + _hub.Files["config.json"].Length + _hub.Files["tokenizer.json"].Length;
        Assert.Equal(["config.json", FakeHub.Weights, "tokenizer.json"], reports.Take(3).Select(x => x.File));
        Assert.All(reports, x => Assert.Equal(total, x.TotalLength));
        Assert.All(reports, x => Assert.InRange(x.Bytes, 0, x.Length));
        Assert.Equal(reports.Select(x => x.TotalBytes).Order(), reports.Select(x => x.TotalBytes));
        Assert.Equal(3, reports.Count(x => x.State == HubFileState.Done));
        Assert.Contains(reports, x => x is { State: HubFileState.Checking, Bytes: Cut });
        Assert.Equal((total, total - Cut), (reports[^1].TotalBytes, reports[^1].ReceivedBytes));
    }

    private async Task<HubSnapshot> PullAsync()
    {
        using HubClient client = new(_hub.Options(_cache.Path));
        return await client.PullAsync(FakeHub.Repository);
    }

    private async Task<string> FailsAsync()
    {
        using HubClient client = new(_hub.Options(_cache.Path));
        return (await Assert.ThrowsAsync<GemmaException>(() => client.PullAsync(FakeHub.Repository))).Message;
    }

    private void IsWhole()
    {
        Assert.Equal(_hub.WeightBytes, _cache.Read(FakeHub.Weights));
        Assert.DoesNotContain(_cache.All, x => x.EndsWith(".incomplete", StringComparison.Ordinal));
    }

    private static async Task Until(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "it never happened");
            await Task.Delay(10);
        }
    }

    private sealed class Collector(List<HubProgress> reports) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => reports.Add(value);
    }
}
