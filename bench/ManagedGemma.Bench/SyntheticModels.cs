using ManagedGemma.Checkpoints.Synthetic;

namespace ManagedGemma.Bench;

/// <summary>Full-size synthetic checkpoints on disk: made once, shared with the slow tests, deleted on request.</summary>
internal static class SyntheticModels
{
    private static string Root =>
        Environment.GetEnvironmentVariable("MANAGED_GEMMA_SYNTHETIC") ?? Path.Combine(Path.GetTempPath(), "managed-gemma-synthetic");

    /// <summary>The directory of the 12b with some layers: 0.3 GB of embedding and 0.13 GB a layer.</summary>
    public static string Get(int layers)
    {
        string directory = Path.Combine(Root, $"12b-layers-{layers}");
        if (!File.Exists(Path.Combine(directory, "model.safetensors")))
        {
            SyntheticCheckpoint.Write(directory, SyntheticShape.Gemma12B(layers));
        }

        return directory;
    }

    /// <summary>Deletes all of them.</summary>
    public static void Delete()
    {
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
