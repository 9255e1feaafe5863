using System.Text;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Package.Tests.Support;

/// <summary>
/// The repository's sources in a directory of their own, packed there: a test's build touches nothing of the one that runs it. Made when it is
/// first asked for, so that skipped tests cost nothing.
/// </summary>
public sealed class PackedRepository : IDisposable
{
    /// <summary>A host that SourceLink knows.</summary>
    public const string Origin = "https://github.com/example/ManagedGemma";

    private static readonly string[] Projects = ["ManagedGemma", "ManagedGemma.Cli", "ManagedGemma.Extensions.AI", "ManagedGemma.Hub", "ManagedGemma.Ltx", "ManagedGemma.Plots"];

    private readonly TemporaryDirectory _directory = new();
    private readonly Lazy<string> _packages;
    private readonly Lazy<string> _app;
    private readonly Lazy<string> _native;
    private string? _commit;

    /// <summary>Prepares; nothing is built yet.</summary>
    public PackedRepository()
    {
        // Never the same: what NuGet unpacked of an earlier run would stand for this one's.
        Version = $"0.1.0-test.{Guid.NewGuid():N}"[..30];
        _packages = new Lazy<string>(Pack);
        _app = new Lazy<string>(CreateApp);
        _native = new Lazy<string>(PublishApp);
    }

    /// <summary>The packages' version.</summary>
    public string Version { get; }

    /// <summary>The commit that was packed.</summary>
    public string Commit => _commit!;

    /// <summary>The directory with the copied sources.</summary>
    public string Source => _directory["source"];

    /// <summary>The directory with the packages.</summary>
    public string Packages => _packages.Value;

    /// <summary>The directory of the console sample as a user has it, with a reference to the package.</summary>
    public string App => _app.Value;

    /// <summary>The sample, compiled ahead of time.</summary>
    public string NativeApp => _native.Value;

    /// <summary>A package.</summary>
    public string PackageFile(string id, string extension = "nupkg") => Path.Combine(Packages, $"{id}.{Version}.{extension}");

    /// <summary>A new directory.</summary>
    public string NewDirectory(string name) => Directory.CreateDirectory(_directory[name]).FullName;

    /// <inheritdoc/>
    public void Dispose()
    {
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (string project in Projects)
        {
            string unpacked = Path.Combine(cache, project.ToLowerInvariant(), Version);
            if (Directory.Exists(unpacked))
            {
                Directory.Delete(unpacked, recursive: true);
            }
        }

        _directory.Dispose();
    }

    private string Pack()
    {
        CopySources();
        Git("init", "--quiet");
        Git("remote", "add", "origin", Origin + ".git");
        Git("add", "--all");
        Git("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "Sources");
        _commit = Git("rev-parse", "HEAD").Trim();
        StringBuilder solution = new("<Solution>");
        foreach (string project in Projects)
        {
            solution.Append($"<Project Path=\"src/{project}/{project}.csproj\" />");
        }

        File.WriteAllText(Path.Combine(Source, "packages.slnx"), solution.Append("</Solution>").ToString());
        string packages = NewDirectory("packages");
        Run.In(Source, Run.DotNet, "pack", "packages.slnx", "--configuration", "Release", "--output", packages, $"-p:Version={Version}").Succeeds();
        return packages;
    }

    private string CreateApp()
    {
        string app = NewDirectory("app");
        File.Copy(Path.Combine(TestFiles.Repository, "samples", "ConsoleApp", "Program.cs"), Path.Combine(app, "Program.cs"));

        // Whatever lies in directories above is none of its business.
        foreach (string file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
        {
            File.WriteAllText(Path.Combine(app, file), "<Project />");
        }

        File.WriteAllText(Path.Combine(app, "NuGet.config"), $"""
            <configuration><packageSources><add key="packed" value="{Packages}" /></packageSources></configuration>
            """);
        File.WriteAllText(Path.Combine(app, "ConsoleApp.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <PublishAot>true</PublishAot>
                <InvariantGlobalization>true</InvariantGlobalization>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <TrimmerSingleWarn>false</TrimmerSingleWarn>
                <NuGetAudit>false</NuGetAudit>
                <NoWarn>$(NoWarn);NU1603</NoWarn>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="ManagedGemma" Version="{Version}" />
              </ItemGroup>
            </Project>
            """);
        return app;
    }

    private string PublishApp()
    {
        string output = NewDirectory("native");
        Run publish = Run.In(App, Run.DotNet, "publish", "--use-current-runtime", "--output", output).Succeeds();
        Assert.DoesNotContain("warning", publish.Out, StringComparison.OrdinalIgnoreCase);
        return Path.Combine(output, "ConsoleApp" + (OperatingSystem.IsWindows() ? ".exe" : string.Empty));
    }

    private string Git(params string[] args) => Run.In(Source, "git", args).Succeeds().Out;

    private void CopySources()
    {
        string root = TestFiles.Repository;
        Directory.CreateDirectory(Source);
        foreach (string file in Directory.EnumerateFiles(root).Concat(Directory.EnumerateFiles(Path.Combine(root, "src"), "*", SearchOption.AllDirectories)))
        {
            string relative = Path.GetRelativePath(root, file);
            if (relative.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj") || relative.EndsWith(".sln", StringComparison.Ordinal))
            {
                continue;
            }

            string target = Path.Combine(Source, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
