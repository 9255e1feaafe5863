namespace ManagedGemma.Checkpoints;

/// <summary>How quantised weights are made of their bits: the modes of MLX.</summary>
public enum QuantizationMode
{
    /// <summary>weight = scale * q + bias, with a scale and a bias a group.</summary>
    Affine,

    /// <summary>E2M1 values; one E8M0 scale byte a group of 32.</summary>
    MxFp4,

    /// <summary>E4M3 values; one E8M0 scale byte a group of 32.</summary>
    MxFp8,

    /// <summary>E2M1 values; one E4M3 scale byte a group of 16.</summary>
    NvFp4,
}
