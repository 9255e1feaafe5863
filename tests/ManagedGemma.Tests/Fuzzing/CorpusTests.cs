using ManagedGemma.Fuzz;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Fuzzing;

public sealed class CorpusTests
{
    private static readonly string Corpus = Path.Combine(TestFiles.Repository, "fuzz", "corpus");

    public static TheoryData<string, string> Files
    {
        get
        {
            TheoryData<string, string> files = [];
            foreach (string file in Directory.EnumerateFiles(Corpus, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                files.Add(Path.GetFileName(Path.GetDirectoryName(file))!, Path.GetFileName(file));
            }

            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_of_the_corpus_is_read_or_refused_properly(string target, string file) =>
        FuzzProgram.Targets[target].Run(File.ReadAllBytes(Path.Combine(Corpus, target, file)));

    [Fact]
    public void Every_target_has_a_corpus_and_every_corpus_a_target() =>
        Assert.Equal(FuzzProgram.Targets.Keys.Order(), Directory.EnumerateDirectories(Corpus).Select(x => Path.GetFileName(x)!).Order());

    // Seeds that are refused at the door teach a fuzzer nothing: these two come through.
    [Fact]
    public void Prefixes_of_the_corpus_load_or_not()
    {
        PrefixTarget target = new();
        string[] files = Directory.GetFiles(Path.Combine(Corpus, target.Name));
        Assert.Equal(
            ["whole.safetensors", "window-passed.safetensors"],
            files.Where(x => target.Loads(File.ReadAllBytes(x))).Select(x => Path.GetFileName(x)).Order(StringComparer.Ordinal));
        Assert.InRange(files.Length, 15, 100);
    }

    [Fact]
    public void The_corpus_stays_small() =>
        Assert.InRange(Directory.EnumerateFiles(Corpus, "*", SearchOption.AllDirectories).Sum(x => new FileInfo(x).Length), 1, 300_000);

    [Fact]
    public void A_replay_says_which_file_fails()
    {
        Assert.Equal(0, FuzzProgram.Main(["replay", "config", Path.Combine(Corpus, "config", "overrides.json")]));
        Assert.Equal(2, FuzzProgram.Main(["replay", "nothing"]));
        Assert.Equal(1, FuzzProgram.Main(["replay", "config", Path.Combine(Corpus, "config", "no such file")]));
    }
}
