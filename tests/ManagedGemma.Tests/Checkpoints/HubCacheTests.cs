using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class HubCacheTests : IDisposable
{
    private const string Repository = "mlx-community/gemma-3-12b-it-4bit";
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("hub", "HF_HUB_CACHE={0}/hub|HF_HOME={0}/x|XDG_CACHE_HOME={0}/x|HOME={0}/x")]
    [InlineData("home/hub", "HF_HOME={0}/home|XDG_CACHE_HOME={0}/x|HOME={0}/x")]
    [InlineData("xdg/huggingface/hub", "XDG_CACHE_HOME={0}/xdg|HOME={0}/x")]
    [InlineData("me/.cache/huggingface/hub", "HOME={0}/me")]
    [InlineData("me/.cache/huggingface/hub", "HF_HUB_CACHE=|HF_HOME=|XDG_CACHE_HOME=|HOME={0}/me")]
    [InlineData("me/.cache/huggingface/hub", "USERPROFILE={0}/me")]
    [InlineData("me/models", "HF_HUB_CACHE=~/models|HOME={0}/me")]
    public void The_environment_says_where_the_cache_is(string root, string environment)
    {
        string snapshot = Snapshot(root, "abc123");
        Reference(root, "abc123\n");
        Assert.Equal(snapshot, Find(environment));
        Assert.Null(HubCache.Find("mlx-community/gemma-3-4b-it-4bit", Variables(environment)));
    }

    [Fact]
    public void The_reference_names_the_snapshot_else_the_newest_counts()
    {
        string old = Snapshot("hub", "old");
        string recent = Snapshot("hub", "recent");
        Directory.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddDays(-1));
        Assert.Equal(recent, Find("HF_HUB_CACHE={0}/hub"));
        Reference("hub", "old");
        Assert.Equal(old, Find("HF_HUB_CACHE={0}/hub"));
        Reference("hub", "gone");
        Assert.Equal(recent, Find("HF_HUB_CACHE={0}/hub"));
    }

    [Fact]
    public void A_revision_is_found_by_its_reference_or_as_a_commit_and_nothing_else_stands_in()
    {
        string commit = new('a', 40);
        string snapshot = Snapshot("hub", commit);
        Reference("hub", commit, "refs/pr/1");
        foreach (string revision in new[] { "refs/pr/1", commit })
        {
            Assert.Equal(snapshot, HubCache.Find($"{Repository}@{revision}", Variables("HF_HUB_CACHE={0}/hub")));
        }

        foreach (string revision in new[] { "main", "v1", new string('b', 40) })
        {
            Assert.Null(HubCache.Find($"{Repository}@{revision}", Variables("HF_HUB_CACHE={0}/hub")));
        }
    }

    [Fact]
    public void A_name_stands_for_its_snapshot_unless_something_of_that_name_lies_there()
    {
        string snapshot = Snapshot("hub", "abc");
        Func<string, string?> variables = Variables("HF_HUB_CACHE={0}/hub");
        Assert.Equal(snapshot, ModelPath.Resolve(Repository, variables));
        Assert.Equal(_directory.Path, ModelPath.Resolve(_directory.Path, variables));
        Assert.Equal(_directory["nowhere"], ModelPath.Resolve(_directory["nowhere"], variables));
        string message = Assert.Throws<GemmaException>(() => ModelPath.Resolve("owner/other@v1", variables)).Message;
        Assert.Contains("managed-gemma pull owner/other@v1", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("a/b")]
    [InlineData("C:\\x")]
    [InlineData("a\0b")]
    public void A_reference_with_path_tricks_is_not_followed(string content)
    {
        string snapshot = Snapshot("hub", "good");
        Directory.CreateDirectory(_directory["hub/models--mlx-community--gemma-3-12b-it-4bit/outside"]);
        Reference("hub", content);
        Assert.Equal(snapshot, Find("HF_HUB_CACHE={0}/hub"));
    }

    [Theory]
    [InlineData("gemma")]
    [InlineData("a/b/c")]
    [InlineData("../x")]
    [InlineData("x/..")]
    [InlineData("/x")]
    [InlineData("")]
    [InlineData("a\\b/c")]
    public void What_is_not_owner_and_name_is_not_found(string repository) =>
        Assert.Null(HubCache.Find(repository, Variables("HF_HUB_CACHE={0}")));

    [Fact]
    public void A_model_that_is_not_there_or_has_no_snapshot_is_not_found()
    {
        Assert.Null(Find("HF_HUB_CACHE={0}/nowhere"));
        Assert.Null(HubCache.Find(Repository, _ => null));
        Directory.CreateDirectory(_directory["hub/models--mlx-community--gemma-3-12b-it-4bit/snapshots"]);
        Assert.Null(Find("HF_HUB_CACHE={0}/hub"));
    }

    private string? Find(string environment) => HubCache.Find(Repository, Variables(environment));

    private string Snapshot(string root, string name) =>
        Directory.CreateDirectory(_directory[$"{root}/models--mlx-community--gemma-3-12b-it-4bit/snapshots/{name}"]).FullName;

    private void Reference(string root, string content, string revision = "main")
    {
        string path = _directory[$"{root}/models--mlx-community--gemma-3-12b-it-4bit/refs/{revision}"];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    private Func<string, string?> Variables(string environment)
    {
        Dictionary<string, string> variables = environment.Split('|')
            .Select(x => x.Replace("{0}", _directory.Path, StringComparison.Ordinal).Split('='))
            .ToDictionary(x => x[0], x => x[1]);
        return variables.GetValueOrDefault;
    }
}
