using ManagedGemma.Checkpoints;
using ManagedGemma.Hub.Tests.Support;

namespace ManagedGemma.Hub.Tests;

/// <summary>The cache after a download, held against the layout that Hugging Face documents for other implementations ("Hub Local Cache").</summary>
public sealed class LayoutTests : IDisposable
{
    private static readonly string[] Needed = ["config.json", FakeHub.Weights, "tokenizer.json"];

    private readonly FakeHub _hub = new();
    private readonly HubCacheFiles _cache = new();

    public void Dispose()
    {
        _hub.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public async Task The_cache_is_as_documented_and_holds_what_is_needed_alone()
    {
        using HubClient client = new(_hub.Options(_cache.Path));
        HubSnapshot snapshot = await client.PullAsync(FakeHub.Repository);

        const string Model = "models--owner--model-4bit";
        IEnumerable<string> expected = Needed.SelectMany(name => new[]
        {
            $".locks/{Model}/{_hub.Checksum(name)}.lock",
            $"{Model}/blobs/{_hub.Checksum(name)}",
            $"{Model}/snapshots/{FakeHub.Commit}/{name} -> ../../blobs/{_hub.Checksum(name)}",
        }).Append($"{Model}/refs/main");
        Assert.Equal(expected.Order(StringComparer.Ordinal), _cache.All);

        // "A plain text file containing a single line: the full commit hash": huggingface_hub writes no line end and strips none.
        Assert.Equal(FakeHub.Commit, File.ReadAllText(Path.Combine(_cache.Model, "refs", "main")));
        Assert.All(Needed, name => Assert.Equal(_hub.Files[name], _cache.Read(name)));
        Assert.Equal((FakeHub.Repository, "main", FakeHub.Commit, _cache.Snapshot), (snapshot.Repository, snapshot.Revision, snapshot.Commit, snapshot.Path));
        Assert.Equal(Needed.Select(x => (x, _hub.Checksum(x), (long)_hub.Files[x].Length, true)), snapshot.Files.Select(x => (x.Name, x.Checksum, x.Length, x.WasDownloaded)));
        Assert.Equal(Needed.Sum(x => _hub.Files[x].Length), snapshot.ReceivedBytes);
        Assert.Equal(snapshot.Path, HubCache.Find(FakeHub.Repository, Variables()));
    }

    [Fact]
    public async Task A_second_download_fetches_nothing()
    {
        using HubClient client = new(_hub.Options(_cache.Path));
        await client.PullAsync(FakeHub.Repository);
        string[] before = _cache.All;
        _hub.Server.Requests.Clear();
        HubSnapshot snapshot = await client.PullAsync(FakeHub.Repository);
        Assert.Equal(0, snapshot.ReceivedBytes);
        Assert.DoesNotContain(snapshot.Files, x => x.WasDownloaded);
        Assert.Empty(_hub.Server.Gets("/resolve/"));
        Assert.Single(_hub.Cdn.Requests);
        Assert.Equal(before, _cache.All);
    }

    [Fact]
    public async Task What_another_tool_left_is_not_downloaded_again()
    {
        // As hf download leaves it: the weights of another commit, no snapshot of this one.
        HubCacheFiles.Write(_cache.Blob(_hub.Checksum(FakeHub.Weights)), _hub.WeightBytes);
        string old = Path.Combine(_cache.Model, "snapshots", new string('b', 40));
        Directory.CreateDirectory(old);
        File.CreateSymbolicLink(Path.Combine(old, FakeHub.Weights), $"../../blobs/{_hub.Checksum(FakeHub.Weights)}");
        HubCacheFiles.Write(Path.Combine(_cache.Model, "refs", "main"), System.Text.Encoding.ASCII.GetBytes(new string('b', 40)));

        using HubClient client = new(_hub.Options(_cache.Path));
        HubSnapshot snapshot = await client.PullAsync(FakeHub.Repository);
        Assert.Empty(_hub.Cdn.Requests);
        Assert.Equal(["config.json", "tokenizer.json"], snapshot.Files.Where(x => x.WasDownloaded).Select(x => x.Name));
        Assert.Equal(_hub.WeightBytes, _cache.Read(FakeHub.Weights));
        Assert.Equal(FakeHub.Commit, File.ReadAllText(Path.Combine(_cache.Model, "refs", "main")));
        Assert.True(File.Exists(Path.Combine(old, FakeHub.Weights)));
    }

    [Fact]
    public async Task A_blob_of_another_length_and_a_dangling_link_are_mended()
    {
        HubCacheFiles.Write(_cache.Blob(_hub.Checksum("config.json")), [1, 2]);
        Directory.CreateDirectory(_cache.Snapshot);
        File.CreateSymbolicLink(Path.Combine(_cache.Snapshot, FakeHub.Weights), "../../blobs/nothing");
        using HubClient client = new(_hub.Options(_cache.Path));
        await client.PullAsync(FakeHub.Repository);
        Assert.All(Needed, name => Assert.Equal(_hub.Files[name], _cache.Read(name)));
    }

    [Theory]
    [InlineData("v1.0", "refs/v1.0")]
    [InlineData("refs/pr/1", "refs/refs/pr/1")]
    [InlineData(FakeHub.Commit, null)]
    public async Task Revisions_are_remembered_under_their_names(string revision, string? reference)
    {
        using HubClient client = new(_hub.Options(_cache.Path));
        HubSnapshot snapshot = await client.PullAsync($"{FakeHub.Repository}@{revision}");
        Assert.Equal(revision, snapshot.Revision);
        Assert.Contains(_hub.Server.Requests, x => x.Path == $"/api/models/{FakeHub.Repository}/revision/{Uri.EscapeDataString(revision)}");
        string[] references = [.. _cache.All.Where(x => x.Contains("/refs/", StringComparison.Ordinal)).Select(x => x[(x.IndexOf('/', StringComparison.Ordinal) + 1)..])];
        Assert.Equal(reference is null ? [] : [reference], references);
        Assert.Equal(snapshot.Path, HubCache.Find($"{FakeHub.Repository}@{revision}", Variables()));
        Assert.Null(HubCache.Find($"{FakeHub.Repository}@other", Variables()));
    }

    [Fact]
    public async Task Without_links_files_lie_in_the_snapshot_once()
    {
        _hub.Files["generation_config.json"] = _hub.Files["config.json"];
        HubOptions options = _hub.Options(_cache.Path);
        options.UseSymbolicLinks = false;
        using HubClient client = new(options);
        await client.PullAsync(FakeHub.Repository);
        string[] names = [.. Needed, "generation_config.json"];
        Assert.Equal(
            names.Select(x => $"models--owner--model-4bit/snapshots/{FakeHub.Commit}/{x}").Order(StringComparer.Ordinal),
            _cache.All.Where(x => !x.Contains(".lock", StringComparison.Ordinal) && !x.EndsWith("/main", StringComparison.Ordinal)));
        Assert.All(names, name => Assert.Equal(_hub.Files[name], _cache.Read(name)));
        Assert.Equal(0, (await client.PullAsync(FakeHub.Repository)).ReceivedBytes);
    }

    [Fact]
    public async Task Without_links_a_blob_that_others_link_to_is_copied()
    {
        HubCacheFiles.Write(_cache.Blob(_hub.Checksum(FakeHub.Weights)), _hub.WeightBytes);
        HubOptions options = _hub.Options(_cache.Path);
        options.UseSymbolicLinks = false;
        using HubClient client = new(options);
        await client.PullAsync(FakeHub.Repository);
        Assert.True(File.Exists(_cache.Blob(_hub.Checksum(FakeHub.Weights))));
        Assert.Equal(_hub.WeightBytes, _cache.Read(FakeHub.Weights));
    }

    [Fact]
    public async Task Equal_files_are_downloaded_once()
    {
        _hub.Files["model-00001-of-00002.safetensors"] = _hub.WeightBytes;
        using HubClient client = new(_hub.Options(_cache.Path));
        await client.PullAsync(FakeHub.Repository);
        Assert.Single(_hub.Cdn.Requests);
        Assert.Equal(_hub.WeightBytes, _cache.Read("model-00001-of-00002.safetensors"));
    }

    [Fact]
    public async Task An_empty_file_is_a_file()
    {
        _hub.Files["added_tokens.json"] = [];
        using HubClient client = new(_hub.Options(_cache.Path));
        await client.PullAsync(FakeHub.Repository);
        Assert.Empty(_cache.Read("added_tokens.json"));
    }

    private Func<string, string?> Variables() => name => name == "HF_HUB_CACHE" ? _cache.Path : null;
}
