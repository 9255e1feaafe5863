using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Hub.Tests.Support;

namespace ManagedGemma.Hub.Tests;

/// <summary><c>managed-gemma pull</c> and <c>--model owner/name</c>, as processes.</summary>
public sealed partial class PullCommandTests : IDisposable
{
    private const int SigInt = 2;
    private const int Cut = 100_000;

    private readonly FakeHub _hub = new();
    private readonly HubCacheFiles _cache = new();

    private string Partial => _cache.Partial(_hub.Checksum(FakeHub.Weights));

    public void Dispose()
    {
        _hub.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public void What_was_pulled_is_found_by_its_name()
    {
        TakeZoo();
        Outcome pull = Run("pull", FakeHub.Repository).Succeeds();
        Assert.Equal(_cache.Snapshot, pull.Out.TrimEnd());
        Assert.Contains("config.json, ", pull.Error, StringComparison.Ordinal);
        Assert.Contains("--model owner/model-4bit", pull.Error, StringComparison.Ordinal);

        JsonElement option = Run("inspect", "--json", "--model", FakeHub.Repository).Succeeds().Json;
        Assert.Equal((FakeHub.Repository, "--model"), (option.GetProperty("model").GetString(), option.GetProperty("model_origin").GetString()));
        JsonElement variable = Run([("MANAGED_GEMMA_MODEL", $"{FakeHub.Repository}@main")], "inspect", "--json").Succeeds().Json;
        Assert.Equal((FakeHub.Repository, "MANAGED_GEMMA_MODEL"), (variable.GetProperty("model").GetString(), variable.GetProperty("model_origin").GetString()));
        Assert.Equal(_cache.Snapshot, variable.GetProperty("location").GetString());

        foreach (string missing in new[] { "owner/other", $"{FakeHub.Repository}@v2" })
        {
            Assert.Contains($"managed-gemma pull {missing}", Run("inspect", "--model", missing).Fails(1), StringComparison.Ordinal);
            Assert.Contains($"managed-gemma pull {missing}", Run([("MANAGED_GEMMA_MODEL", missing)], "tokenize", "a").Fails(1), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_directory_of_that_name_wins()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string model = Path.Combine(_cache.Path, FakeHub.Repository);
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }

        JsonElement json = Tool.RunShell($"cd '{_cache.Path}'; exec $CLI inspect --json --model {FakeHub.Repository}").Succeeds().Json;
        Assert.Equal(FakeHub.Repository, json.GetProperty("location").GetString());
    }

    [Fact]
    public void Json_and_quiet_are_for_machines()
    {
        Outcome outcome = Run("pull", FakeHub.Repository, "--json", "--quiet", "--exclude", "tokenizer*").Succeeds();
        Assert.Empty(outcome.Error);
        Assert.Equal(FakeHub.Commit, outcome.Json.GetProperty("commit").GetString());
        Assert.Equal(_cache.Snapshot, outcome.Json.GetProperty("path").GetString());
        Assert.Equal(["config.json", FakeHub.Weights], outcome.Json.GetProperty("files").EnumerateArray().Select(x => x.GetProperty("name").GetString()));
        Assert.Equal(outcome.Json.GetProperty("bytes").GetInt64(), outcome.Json.GetProperty("received_bytes").GetInt64());
    }

    [Fact]
    public void A_failure_is_one_line()
    {
        string line = Run("pull", "owner/nothing").Fails(1);
        Assert.Contains("owner/nothing: the hub has no such repository", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not 'gemma'", "pull", "gemma")]
    [InlineData("not '../x'", "pull", "../x")]
    [InlineData("unexpected 'c/d'", "pull", "a/b", "c/d")]
    [InlineData("unknown option '--fox'", "pull", "a/b", "--fox")]
    [InlineData("--files takes a whole number", "pull", "a/b", "--files", "0")]
    [InlineData("Required argument", "pull")]
    public void Wrong_usage_ends_with_2(string expected, params string[] args)
    {
        string line = Tool.Run(args).Fails(2);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.EndsWith("(see managed-gemma pull --help)", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_is_there() => Assert.Contains("OWNER/NAME[@REVISION]", Tool.Run("pull", "--help").Succeeds().Out, StringComparison.Ordinal);

    [Fact]
    public void Two_processes_share_one_download()
    {
        TaskCompletionSource both = new();
        _hub.OnCdn = request => _hub.Content(request) with { Hold = (Cut, both.Task), Piece = 10_000 };
        using Process first = Tool.Start(_hub.Environment(_cache.Path), "pull", FakeHub.Repository, "--json");
        Until(() => File.Exists(Partial) && new FileInfo(Partial).Length == Cut);
        using Process second = Tool.Start(_hub.Environment(_cache.Path), "pull", FakeHub.Repository, "--json");

        // It has asked about the weights, and gets no further.
        Until(() => _hub.Server.Requests.Count(x => x.Method == "HEAD" && x.Path.EndsWith(FakeHub.Weights, StringComparison.Ordinal)) == 2);
        Thread.Sleep(500);
        Assert.False(second.HasExited);
        both.SetResult();

        Outcome[] outcomes = [Tool.Finish(first).Succeeds(), Tool.Finish(second).Succeeds()];
        Assert.Equal(_hub.WeightBytes.Length, Assert.Single(_hub.Cdn.Requests).Sent);
        Assert.All(outcomes, x => Assert.Equal(_cache.Snapshot, x.Json.GetProperty("path").GetString()));
        Assert.Contains("another process downloads it", outcomes[1].Error, StringComparison.Ordinal);
        Assert.Equal(0, outcomes[1].Json.GetProperty("received_bytes").GetInt64());
        Assert.Equal(_hub.WeightBytes, _cache.Read(FakeHub.Weights));
    }

    [Fact]
    public void Killed_in_the_middle_and_begun_again_nothing_is_fetched_twice()
    {
        Task never = new TaskCompletionSource().Task;
        _hub.OnCdn = request => _hub.Content(request) with { Hold = (Cut, never), Piece = 10_000 };
        using (Process process = Tool.Start(_hub.Environment(_cache.Path), "pull", FakeHub.Repository))
        {
            Until(() => File.Exists(Partial) && new FileInfo(Partial).Length == Cut);

            // SIGKILL: nobody tidies up.
            process.Kill();
            Assert.NotEqual(0, Tool.Finish(process).Code);
        }

        Assert.DoesNotContain(_cache.All, x => x.Contains("/snapshots/", StringComparison.Ordinal));
        _hub.OnCdn = null;
        _hub.Cdn.Requests.Clear();
        Run("pull", FakeHub.Repository).Succeeds();
        TestRequest request = Assert.Single(_hub.Cdn.Requests);
        Assert.Equal((string.Create(CultureInfo.InvariantCulture, $"bytes={Cut}-"), (long)_hub.WeightBytes.Length - Cut), (request.Range, request.Sent));
        Assert.Equal(_hub.WeightBytes, _cache.Read(FakeHub.Weights));
        Assert.DoesNotContain(_cache.All, x => x.EndsWith(".incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public void Interrupted_it_ends_with_130_and_keeps_what_has_come()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Task never = new TaskCompletionSource().Task;
        _hub.OnCdn = request => _hub.Content(request) with { Hold = (Cut, never), Piece = 10_000 };
        using Process process = Tool.Start(_hub.Environment(_cache.Path), "pull", FakeHub.Repository);
        Until(() => File.Exists(Partial) && new FileInfo(Partial).Length == Cut);
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal(0, Kill(process.Id, SigInt));
        Outcome outcome = Tool.Finish(process);
        Assert.Equal(130, outcome.Code);
        Assert.Contains("managed-gemma: interrupted", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(outcome.Out);

        // A second is meant; a loaded machine gets more.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(_hub.WeightBytes[..Cut], File.ReadAllBytes(Partial));
    }

    [Fact]
    public void When_the_file_cannot_grow_nothing_half_has_a_final_name()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // A limit of 1 MiB; the signal that goes with it is ignored, and .NET's double mapping of code would need a larger file.
        byte[] weights = new byte[3 << 20];
        new Random(3).NextBytes(weights);
        _hub.Files[FakeHub.Weights] = weights;
        string environment = string.Join(' ', _hub.Environment(_cache.Path).Select(x => $"export {x.Key}='{x.Value}';"));
        Outcome outcome = Tool.RunShell($"trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; {environment} ulimit -f 2048; exec $CLI pull {FakeHub.Repository} --quiet");
        Assert.Contains(Partial, outcome.Fails(1), StringComparison.Ordinal);
        Assert.False(File.Exists(_cache.Blob(_hub.Checksum(FakeHub.Weights))));
        Assert.DoesNotContain(_cache.All, x => x.Contains("/snapshots/", StringComparison.Ordinal) || x.Contains("/refs/", StringComparison.Ordinal));

        // With room again it goes on.
        Run("pull", FakeHub.Repository).Succeeds();
        Assert.Equal(weights, _cache.Read(FakeHub.Weights));
        TestRequest rest = _hub.Cdn.Requests.Last();
        long from = long.Parse(rest.Range!["bytes=".Length..^1], CultureInfo.InvariantCulture);
        Assert.InRange(from, 1, 1 << 20);
        Assert.Equal(weights.Length - from, rest.Sent);
    }

    private void TakeZoo()
    {
        _hub.Files.Clear();
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            _hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        }
    }

    private Outcome Run(params string[] args) => Run([], args);

    private Outcome Run((string Name, string Value)[] variables, params string[] args)
    {
        Dictionary<string, string> environment = _hub.Environment(_cache.Path);
        foreach ((string name, string value) in variables)
        {
            environment[name] = value;
        }

        return Tool.RunChild(environment, args);
    }

    private static void Until(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(90), "it never happened");
            Thread.Sleep(20);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
