using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Ltx.Formats;

/// <summary>The sizes that a prompt's file depends on. Those of parts that a format does not hold may be 0.</summary>
/// <param name="Length">T: rows, padding or register slots included.</param>
/// <param name="VideoWidth">Elements of a video row.</param>
/// <param name="AudioWidth">Elements of an audio row.</param>
/// <param name="HiddenSize">D: elements of a hidden state's row.</param>
/// <param name="States">Hidden states: layers + 1.</param>
public readonly record struct ConditioningShape(int Length, int VideoWidth, int AudioWidth, int HiddenSize, int States)
{
    /// <summary>The sizes of all prompts of one encoder and checkpoint.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="checkpoint">Null where hidden states are enough.</param>
    /// <param name="length">T.</param>
    public static ConditioningShape Of(GemmaTextEncoder encoder, LtxCheckpoint? checkpoint, int length)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        GemmaConfig config = encoder.Model.Config;
        return new ConditioningShape(
            length, checkpoint?.Config.Video.Width ?? 0, checkpoint?.Config.Audio.Width ?? 0, config.HiddenSize, config.LayerCount + 1);
    }
}
