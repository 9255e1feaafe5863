using ManagedGemma.Model;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Runs the decoder and shows the layer and the time left.</summary>
internal static class LayerProgressView
{
    /// <summary>Runs <paramref name="work"/>; what it throws comes out as it is.</summary>
    public static T Run<T>(Screen screen, int layers, Func<IProgress<LayerProgress>?, T> work) =>
        WorkProgressView.Run(screen, Show(0, layers), (LayerProgress progress) => Show(progress.Done, layers), work);

    private static WorkProgress Show(int done, int layers) => new(done, layers, $"layer {Math.Min(done + 1, layers)}/{layers}");
}
