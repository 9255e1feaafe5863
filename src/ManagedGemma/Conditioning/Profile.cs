namespace ManagedGemma.Conditioning;

/// <summary>Whose conditioning is computed, from the prompt's text to the features.</summary>
public enum Profile
{
    /// <summary>LTX as its originals compute it (Lightricks, Hugging Face, diffusers, ComfyUI). The default.</summary>
    Ltx,

    /// <summary>car-inference 0.14.0, deviations included.</summary>
    Car,
}
