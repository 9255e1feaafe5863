using System.Text.RegularExpressions;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.House;

/// <summary>What only one system has stays where it has a fallback beside it.</summary>
public partial class SystemTests
{
    private static readonly string Source = Path.Combine(TestFiles.Repository, "src");

    [Fact]
    public void Functions_of_the_system_are_called_in_one_folder()
    {
        string paging = Path.Combine(Source, "ManagedGemma", "Memory", "Paging");
        Assert.DoesNotContain(Files(), file => Path.GetDirectoryName(file) != paging && Foreign().IsMatch(File.ReadAllText(file)));
        Assert.Contains(Files(), file => Foreign().IsMatch(File.ReadAllText(file)));
    }

    [Fact]
    public void What_a_system_is_asked_in_few_places()
    {
        string[] expected =
        [
            "ManagedGemma.Cli/Hosting/Interrupt.cs",        // which signals there are
            "ManagedGemma.Cli/Hosting/MemoryUse.cs",        // /proc, else .NET's own count
            "ManagedGemma.Cli/Input/Captions/MediaPath.cs", // names that no file can have, and that differ in case
            "ManagedGemma.Cli/Output/OutputName.cs",        // names that differ in case
            "ManagedGemma.Hub/Transfer/DiskSpace.cs",       // a drive, or a directory on it
            "ManagedGemma/Checkpoints/FileReplacement.cs",  // files that are held for a moment
            "ManagedGemma/Checkpoints/HubCache.cs",         // the user's home
            "ManagedGemma/Conversion/RealPath.cs",          // paths that differ in case
            "ManagedGemma/Memory/Paging/PageAdvice.cs",
        ];
        Assert.Equal(
            expected,
            Files().Where(file => Asks().IsMatch(File.ReadAllText(file))).Select(file => Path.GetRelativePath(Source, file).Replace('\\', '/')).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Files() => Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
        .Where(file => !Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    [GeneratedRegex(@"\b(LibraryImport|DllImport|NativeLibrary)\b")]
    private static partial Regex Foreign();

    [GeneratedRegex(@"\b(OperatingSystem\.Is\w+|RuntimeInformation\.|Environment\.OSVersion)")]
    private static partial Regex Asks();
}
