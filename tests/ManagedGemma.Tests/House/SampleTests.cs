using System.Text.RegularExpressions;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.House;

/// <summary>The programs that the README shows are those that are compiled and run.</summary>
public partial class SampleTests
{
    [Fact]
    public void The_readme_shows_the_samples_as_they_are()
    {
        string readme = File.ReadAllText(Path.Combine(TestFiles.Repository, "README.md"));
        string section = readme[readme.IndexOf("\n## Samples\n", StringComparison.Ordinal)..readme.IndexOf("\n## More\n", StringComparison.Ordinal)];
        string[] expected = [.. new[] { "ConsoleApp", "WebApi", "BatchJob", "Chat" }
            .Select(name => File.ReadAllText(Path.Combine(TestFiles.Repository, "samples", name, "Program.cs")))];
        Assert.Equal(expected, Code().Matches(section).Select(match => match.Groups[1].Value));
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Code();
}
