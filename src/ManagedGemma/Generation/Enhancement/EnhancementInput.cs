namespace ManagedGemma.Generation.Enhancement;

/// <summary>What a prompt is enhanced for.</summary>
public enum EnhancementInput
{
    /// <summary>A video from the prompt alone.</summary>
    Text,

    /// <summary>A video that begins with an image, which the model would have to see: its messages can be laid out, but not generated from.</summary>
    TextAndImage,
}
