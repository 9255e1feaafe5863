using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using ManagedGemma.Package.Tests.Support;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Package.Tests;

/// <summary>What <c>dotnet pack</c> makes of a clone without tags.</summary>
[Trait("Category", "Slow")]
[Collection(nameof(PackedRepository))]
public class PackageTests(PackedRepository repository)
{
    private static readonly Guid SourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    [SlowTheory]
    [InlineData("ManagedGemma", "CommunityToolkit.HighPerformance", "Microsoft.ML.Tokenizers", "System.Numerics.Tensors")]
    [InlineData("ManagedGemma.Extensions.AI", "ManagedGemma", "Microsoft.Extensions.AI.Abstractions", "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Options")]
    [InlineData("ManagedGemma.Hub", "ManagedGemma", "Microsoft.Extensions.Http", "Microsoft.Extensions.Http.Resilience", "Microsoft.Extensions.Logging.Abstractions")]
    [InlineData("ManagedGemma.Ltx", "ManagedGemma", "System.IO.Hashing")]
    [InlineData("ManagedGemma.Plots", "ManagedGemma", "ScottPlot", "SkiaSharp.NativeAssets.Linux.NoDependencies")]
    public void A_library_has_its_assembly_its_papers_and_nothing_more(string id, params string[] dependencies)
    {
        using PackageContent package = new(repository.PackageFile(id));
        string[] targets = id == "ManagedGemma" ? ["buildTransitive/ManagedGemma.targets"] : [];
        Assert.Equal(
            new[] { "LICENSE", "README.md", $"{id}.nuspec", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml" }.Concat(targets).Order(StringComparer.Ordinal),
            package.Files);
        Assert.Equal(dependencies, package.Dependencies.Select(dependency => dependency.Split(' ')[0]));
        Assert.All(package.Dependencies.Where(x => x.StartsWith("ManagedGemma ", StringComparison.Ordinal)), x => Assert.Equal($"ManagedGemma {repository.Version}", x));
        AssertPapers(package, id);
    }

    [SlowTheory]
    [InlineData("ManagedGemma")]
    [InlineData("ManagedGemma.Extensions.AI")]
    [InlineData("ManagedGemma.Hub")]
    [InlineData("ManagedGemma.Ltx")]
    [InlineData("ManagedGemma.Plots")]
    public void Symbols_lead_to_the_sources_of_the_commit(string id)
    {
        using PackageContent package = new(repository.PackageFile(id)), symbols = new(repository.PackageFile(id, "snupkg"));
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(symbols.Read($"lib/net10.0/{id}.pdb"));
        MetadataReader reader = provider.GetMetadataReader();
        CustomDebugInformation link = reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation).Single(x => reader.GetGuid(x.Kind) == SourceLink);
        Assert.Contains($"https://raw.githubusercontent.com/example/ManagedGemma/{repository.Commit}/", Encoding.UTF8.GetString(reader.GetBlobBytes(link.Value)), StringComparison.Ordinal);

        // The same bytes from any directory: no path of the machine, and a checksum in the time's place.
        Assert.All(reader.Documents, handle => Assert.StartsWith("/_/", reader.GetString(reader.GetDocument(handle).Name), StringComparison.Ordinal));
        using PEReader assembly = new(package.Read($"lib/net10.0/{id}.dll"));
        Assert.Contains(assembly.ReadDebugDirectory(), entry => entry.Type == DebugDirectoryEntryType.Reproducible);
    }

    [SlowFact]
    public void The_tool_is_installed_and_runs()
    {
        const string Id = "ManagedGemma.Cli";
        using (PackageContent package = new(repository.PackageFile(Id)))
        {
            AssertPapers(package, Id);
            Assert.Equal("DotnetTool", package.Element("packageTypes").Elements().Single().Attribute("name")!.Value);
            Assert.Empty(package.Dependencies);
            using MemoryStream settings = package.Read("tools/net10.0/any/DotnetToolSettings.xml");
            Assert.Contains("Command Name=\"managed-gemma\"", Encoding.UTF8.GetString(settings.ToArray()), StringComparison.Ordinal);
        }

        // Beside the console sample, whose NuGet.config knows the packages.
        string tools = repository.NewDirectory("tools");
        Run.In(repository.App, Run.DotNet, "tool", "install", Id, "--version", repository.Version, "--tool-path", tools).Succeeds();
        Run run = Run.In(tools, Path.Combine(tools, "managed-gemma"), "--version").Succeeds();
        Assert.Contains(repository.Version, run.Out, StringComparison.Ordinal);
    }

    private void AssertPapers(PackageContent package, string id)
    {
        Assert.Equal(id, package.Element("id").Value);
        Assert.Equal(repository.Version, package.Element("version").Value);
        Assert.Equal("MIT", package.Element("license").Value);
        Assert.Equal("README.md", package.Element("readme").Value);
        Assert.Equal(repository.Commit, package.Element("repository").Attribute("commit")!.Value);
        using MemoryStream readme = package.Read("README.md"), license = package.Read("LICENSE");
        Assert.Equal(File.ReadAllBytes(Path.Combine(TestFiles.Repository, "README.md")), readme.ToArray());
        Assert.Equal(File.ReadAllBytes(Path.Combine(TestFiles.Repository, "LICENSE")), license.ToArray());
    }
}
