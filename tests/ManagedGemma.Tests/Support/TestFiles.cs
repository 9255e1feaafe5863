using System.Runtime.CompilerServices;

namespace ManagedGemma.Tests.Support;

/// <summary>Where the tests find what is not made by themselves: fixtures in the repository, the real model beside it.</summary>
internal static class TestFiles
{
    /// <summary>The repository's root, from the path that this source file was compiled at.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    /// <summary>Fixtures that are part of the repository.</summary>
    public static string Fixtures { get; } = Path.Combine(Repository, "tests", "fixtures");

    /// <summary>Goldens that may not be redistributed, beside the repository; null when they are not there.</summary>
    public static string? Goldens { get; } = Existing(Environment.GetEnvironmentVariable("MANAGED_GEMMA_TEST_GOLDENS"))
        ?? Existing(Path.Combine(Repository, "..", "shared", "fixtures"));

    /// <summary>The real gemma-3-270m in MLX's 4-bit layout; null when it is not there.</summary>
    public static string? RealModel { get; } = Existing(Environment.GetEnvironmentVariable("MANAGED_GEMMA_TEST_MODEL"))
        ?? Existing(Path.Combine(Repository, "..", "shared", "models", "gemma-3-270m-mlx-4bit"));

    /// <summary>Whether the slow tests run (full-size synthetic models).</summary>
    public static bool RunSlow { get; } = Environment.GetEnvironmentVariable("MANAGED_GEMMA_TEST_SLOW") == "1";

    private static string? Existing(string? path) => path is not null && Directory.Exists(path) ? Path.GetFullPath(path) : null;

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
