using ManagedGemma.Checkpoints;

namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>How MLX packs the weights of a row: element j begins at bit j · bits of its bytes, lowest bit first.</summary>
/// <param name="Mode">What the bits mean.</param>
/// <param name="Bits">2, 3, 4, 5, 6 or 8.</param>
/// <param name="GroupSize">Weights that share a scale: 16, 32, 64 or 128.</param>
/// <param name="ScaleType">BF16, F16 or F32 in affine mode, for biases too; U8 in the others.</param>
internal readonly record struct MlxFormat(QuantizationMode Mode, int Bits, int GroupSize, ElementType ScaleType);
