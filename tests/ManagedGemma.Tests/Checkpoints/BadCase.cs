using System.Text.Json;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Checkpoints;

/// <summary>One line of the zoo's list of hostile files.</summary>
/// <param name="File">The file or directory, relative to <see cref="Directory"/>.</param>
/// <param name="Says">What the message must say, in general terms.</param>
/// <param name="Must">fail, load or either.</param>
internal sealed record BadCase(string File, string Says, string Must)
{
    public static string Directory { get; } = Path.Combine(TestFiles.Fixtures, "zoo", "bad");

    public string FullPath => Path.Combine(Directory, File);

    public static BadCase Named(string file) => Read().Select(x => x.Case).Single(x => x.File == file);

    public static TheoryData<string> Files(string kind, string must)
    {
        TheoryData<string> files = [];
        foreach ((string itsKind, BadCase one) in Read())
        {
            if (itsKind == kind && one.Must == must)
            {
                files.Add(one.File);
            }
        }

        return files;
    }

    public static TheoryData<string, string> All()
    {
        TheoryData<string, string> files = [];
        foreach ((string kind, BadCase one) in Read())
        {
            files.Add(kind, one.File);
        }

        return files;
    }

    private static IEnumerable<(string Kind, BadCase Case)> Read()
    {
        foreach (string line in System.IO.File.ReadLines(Path.Combine(Directory, "cases.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string Get(string key) => document.RootElement.GetProperty(key).GetString()!;
            yield return (Get("kind"), new BadCase(Get("file"), Get("says"), Get("must")));
        }
    }
}
