using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary>A tiny checkpoint of the zoo, to which a tokenizer is added.</summary>
internal static class TinyModel
{
    /// <summary>Copies it to a directory.</summary>
    /// <returns>The directory.</returns>
    public static string Write(string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        }

        TinyTokenizer.Write(directory);
        return directory;
    }
}
