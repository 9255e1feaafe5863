using ManagedGemma.Checkpoints.Synthetic;

namespace ManagedGemma.Tests.Support;

/// <summary>Full-size synthetic checkpoints on disk: made once, kept beside the system's temporary files.</summary>
internal static class SyntheticModel
{
    /// <summary>The 12b with some layers; 0.15 GB a layer.</summary>
    public static string Directory(int layers)
    {
        string root = Environment.GetEnvironmentVariable("MANAGED_GEMMA_SYNTHETIC") ?? Path.Combine(Path.GetTempPath(), "managed-gemma-synthetic");
        string directory = Path.Combine(root, $"12b-layers-{layers}");
        if (!File.Exists(Path.Combine(directory, "model.safetensors")))
        {
            SyntheticCheckpoint.Write(directory, SyntheticShape.Gemma12B(layers));
        }

        return directory;
    }
}
