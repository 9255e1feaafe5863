namespace ManagedGemma.Kernels.Int4;

/// <summary>Rounds rows of activations to integers (see <see cref="ActivationScale"/>); bit-identical on every instruction set.</summary>
internal interface IActivationQuantizer
{
    /// <summary>Rounds one token's row into its place.</summary>
    /// <param name="row">A multiple of 64 elements, as many as the target was shaped for.</param>
    /// <param name="target">Activations of this quantiser's type.</param>
    /// <param name="token">The token; different tokens may be written at once.</param>
    unsafe void Quantize(float* row, QuantizedActivations target, int token);
}
