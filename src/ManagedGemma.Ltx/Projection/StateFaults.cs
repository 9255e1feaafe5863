using System.Numerics.Tensors;
using ManagedGemma.Model;

namespace ManagedGemma.Ltx.Projection;

/// <summary>What may be wrong with a hidden state.</summary>
internal static class StateFaults
{
    /// <summary>Refuses NaN and infinity, and names the layer that they come from.</summary>
    /// <param name="state">The state.</param>
    /// <param name="encoder">Where it comes from.</param>
    /// <exception cref="GemmaException">A value is not a number.</exception>
    public static void RequireFinite(in HiddenState state, string encoder)
    {
        if (!TensorPrimitives.IsFiniteAll(state.Values))
        {
            throw new GemmaException("the encoder's state holds NaN or infinity", encoder, NameOf(state));
        }
    }

    private static string NameOf(in HiddenState state) => state.Stage switch
    {
        HiddenStateStage.Embedding => $"hidden state {state.Index} (embeddings)",
        HiddenStateStage.Block => $"hidden state {state.Index} (output of layer {state.Block})",
        _ => $"hidden state {state.Index} (final norm)",
    };
}
