using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Synthetic;

namespace ManagedGemma.Bench;

/// <summary>
/// Full-size synthetic checkpoints on disk, under the system's temporary directory or what MANAGED_GEMMA_SYNTHETIC names: made once,
/// shared by benches and slow tests (which compile this file too), deleted on request.
/// </summary>
internal static class SyntheticModels
{
    private const string Weights = "model.safetensors";

    /// <summary>The directory of all that is made.</summary>
    public static string Root =>
        Environment.GetEnvironmentVariable("MANAGED_GEMMA_SYNTHETIC") ?? Path.Combine(Path.GetTempPath(), "managed-gemma-synthetic");

    /// <summary>The directory of the 12b with some layers: 0.57 GB of embedding and 0.13 GB a layer.</summary>
    public static string Get(int layers)
    {
        string directory = Path.Combine(Root, $"12b-layers-{layers}");
        if (!File.Exists(Path.Combine(directory, Weights)))
        {
            SyntheticCheckpoint.Write(directory, SyntheticShape.Gemma12B(layers));

            // What was just written lies in the cache in small pages; read anew it comes in large ones, as a model that was there before.
            using MappedFile written = MappedFile.Open(Path.Combine(directory, Weights));
            written.Release(0, written.Length);
        }

        return directory;
    }

    /// <summary>The weights of any that has been made; null when there is none.</summary>
    public static string? Find() =>
        Directory.Exists(Root) ? Directory.EnumerateFiles(Root, Weights, SearchOption.AllDirectories).Order(StringComparer.Ordinal).FirstOrDefault() : null;

    /// <summary>Deletes all of them.</summary>
    public static void Delete()
    {
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
