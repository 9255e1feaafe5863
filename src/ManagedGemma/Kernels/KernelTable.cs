using ManagedGemma.Kernels.FloatDot;
using ManagedGemma.Kernels.FloatMatMul;
using ManagedGemma.Kernels.Gelu;
using ManagedGemma.Kernels.Int4;
using ManagedGemma.Kernels.RangeNorm;
using ManagedGemma.Kernels.RmsNorm;
using ManagedGemma.Kernels.Rope;
using ManagedGemma.Kernels.RowUnpack;
using ManagedGemma.Kernels.Softmax;
using ManagedGemma.Kernels.TileTranspose;

namespace ManagedGemma.Kernels;

/// <summary>
/// One kernel for each operation, chosen once at start: the first candidate that the limit allows and the processor runs
/// at full width. Candidates stand in the order of measured speed, widest first, and end with the scalar reference.
/// Kernels have no state: a table serves any number of threads.
/// </summary>
internal sealed class KernelTable
{
    private readonly InstructionSet _limit;
    private readonly List<KernelChoice> _choices = [];

    private KernelTable(InstructionSet limit)
    {
        _limit = limit;
        RmsNorm = Choose<IRmsNorm>("RmsNorm",
            (InstructionSet.Avx512, () => new RmsNormAvx512()),
            (InstructionSet.Avx2, () => new RmsNormAvx2()),
            (InstructionSet.Vector128, () => new RmsNormVector128()),
            (InstructionSet.Scalar, () => new RmsNormScalar()));
        RangeNorm = Choose<IRangeNorm>("range norm",
            (InstructionSet.Avx512, () => new RangeNormAvx512()),
            (InstructionSet.Avx2, () => new RangeNormAvx2()),
            (InstructionSet.Vector128, () => new RangeNormVector128()),
            (InstructionSet.Scalar, () => new RangeNormScalar()));
        Rope = Choose<IRope>("RoPE",
            (InstructionSet.Avx512, () => new RopeAvx512()),
            (InstructionSet.Avx2, () => new RopeAvx2()),
            (InstructionSet.Vector128, () => new RopeVector128()),
            (InstructionSet.Scalar, () => new RopeScalar()));
        Softmax = Choose<ISoftmax>("softmax",
            (InstructionSet.Avx512, () => new SoftmaxAvx512()),
            (InstructionSet.Avx2, () => new SoftmaxAvx2()),
            (InstructionSet.Vector128, () => new SoftmaxVector128()),
            (InstructionSet.Scalar, () => new SoftmaxScalar()));
        GeluTanh = Choose<IGatedGelu>("GELU tanh, gated",
            (InstructionSet.Avx512, () => new GeluTanhAvx512()),
            (InstructionSet.Avx2, () => new GeluTanhAvx2()),
            (InstructionSet.Vector128, () => new GeluTanhVector128()),
            (InstructionSet.Scalar, () => new GeluTanhScalar()));
        GeluErf = Choose<IGatedGelu>("GELU erf, gated",
            (InstructionSet.Avx512, () => new GeluErfAvx512()),
            (InstructionSet.Avx2, () => new GeluErfAvx2()),
            (InstructionSet.Vector128, () => new GeluErfVector128()),
            (InstructionSet.Scalar, () => new GeluErfScalar()));
        FloatMatMul = Choose<IFloatMatMul>("float32 matmul",
            (InstructionSet.Avx512, () => new FloatMatMulAvx512()),
            (InstructionSet.Avx2, () => new FloatMatMulAvx2()),
            (InstructionSet.Vector128, () => new FloatMatMulVector128()),
            (InstructionSet.Scalar, () => new FloatMatMulScalar()));
        FloatDot = Choose<IFloatDot>("float32 dot",
            (InstructionSet.Avx512, () => new FloatDotAvx512()),
            (InstructionSet.Avx2, () => new FloatDotAvx2()),
            (InstructionSet.Vector128, () => new FloatDotVector128()),
            (InstructionSet.Scalar, () => new FloatDotScalar()));
        Unpack = Choose<IInt4Unpack>("int4 unpack",
            (InstructionSet.Avx512, () => new Int4UnpackAvx512()),
            (InstructionSet.Avx2, () => new Int4UnpackAvx2()),
            (InstructionSet.Vector128, () => new Int4UnpackVector128()),
            (InstructionSet.Scalar, () => new Int4UnpackScalar()));
        MlxUnpack = Choose<IMlxUnpack>("MLX rows to float32",
            (InstructionSet.Avx512, () => new MlxUnpackAvx512()),
            (InstructionSet.Avx2, () => new MlxUnpackAvx2()),
            (InstructionSet.Vector128, () => new MlxUnpackVector128()),
            (InstructionSet.Scalar, () => new MlxUnpackScalar()));
        TileTranspose = Choose<ITileTranspose>("tile of rows",
            (InstructionSet.Avx512, () => new TileTransposeAvx512()),
            (InstructionSet.Avx2, () => new TileTransposeAvx2()),
            (InstructionSet.Vector128, () => new TileTransposeVector128()),
            (InstructionSet.Scalar, () => new TileTransposeScalar()));
        Int16 = new Int4Kernels(
            ActivationType.Int16,
            Choose<IActivationQuantizer>("int16 quantise",
                (InstructionSet.Avx512, () => new Int16QuantizerAvx512()),
                (InstructionSet.Avx2, () => new Int16QuantizerAvx2()),
                (InstructionSet.Vector128, () => new Int16QuantizerVector128()),
                (InstructionSet.Scalar, () => new Int16QuantizerScalar())),
            Choose<IInt4Panel>("int4 x int16 panel",
                (InstructionSet.Avx512, () => new Int4PanelInt16Avx512()),
                (InstructionSet.AvxVnni, () => new Int4PanelInt16AvxVnni()),
                (InstructionSet.Avx2, () => new Int4PanelInt16Avx2()),
                (InstructionSet.AdvSimd, () => new Int4PanelInt16AdvSimd()),
                (InstructionSet.Vector128, () => new Int4PanelInt16Vector128()),
                (InstructionSet.Scalar, () => new Int4PanelInt16Scalar())),
            Choose<IInt4Row>("int4 x int16 row",
                (InstructionSet.Avx512, () => new Int4RowInt16Avx512()),
                (InstructionSet.Avx2, () => new Int4RowInt16Avx2()),
                (InstructionSet.AdvSimd, () => new Int4RowInt16AdvSimd()),
                (InstructionSet.Vector128, () => new Int4RowInt16Vector128()),
                (InstructionSet.Scalar, () => new Int4RowInt16Scalar())));
        Int8 = new Int4Kernels(
            ActivationType.Int8,
            Choose<IActivationQuantizer>("int8 quantise",
                (InstructionSet.Avx512, () => new Int8QuantizerAvx512()),
                (InstructionSet.Avx2, () => new Int8QuantizerAvx2()),
                (InstructionSet.Vector128, () => new Int8QuantizerVector128()),
                (InstructionSet.Scalar, () => new Int8QuantizerScalar())),
            Choose<IInt4Panel>("int4 x int8 panel",
                (InstructionSet.Avx512, () => new Int4PanelInt8Avx512()),
                (InstructionSet.AvxVnni, () => new Int4PanelInt8AvxVnni()),
                (InstructionSet.Avx2, () => new Int4PanelInt8Avx2()),
                (InstructionSet.Dp, () => new Int4PanelInt8Dp()),
                (InstructionSet.Vector128, () => new Int4PanelInt8Vector128()),
                (InstructionSet.Scalar, () => new Int4PanelInt8Scalar())),
            Choose<IInt4Row>("int4 x int8 row",
                (InstructionSet.Avx512, () => new Int4RowInt8Avx512()),
                (InstructionSet.Avx2, () => new Int4RowInt8Avx2()),
                (InstructionSet.Dp, () => new Int4RowInt8Dp()),
                (InstructionSet.Vector128, () => new Int4RowInt8Vector128()),
                (InstructionSet.Scalar, () => new Int4RowInt8Scalar())));
    }

    /// <summary>Root-mean-square normalisation.</summary>
    public IRmsNorm RmsNorm { get; }

    /// <summary>Normalisation by mean and range.</summary>
    public IRangeNorm RangeNorm { get; }

    /// <summary>Rotary position embedding.</summary>
    public IRope Rope { get; }

    /// <summary>Softmax of attention scores.</summary>
    public ISoftmax Softmax { get; }

    /// <summary>The tanh approximation of GELU, times the up-projection.</summary>
    public IGatedGelu GeluTanh { get; }

    /// <summary>The exact GELU, times the up-projection.</summary>
    public IGatedGelu GeluErf { get; }

    /// <summary>float32 product.</summary>
    public IFloatMatMul FloatMatMul { get; }

    /// <summary>float32 product of a row and a token.</summary>
    public IFloatDot FloatDot { get; }

    /// <summary>4-bit weights to float32.</summary>
    public IInt4Unpack Unpack { get; }

    /// <summary>MLX's quantised weights of any kind to float32.</summary>
    public IMlxUnpack MlxUnpack { get; }

    /// <summary>Rows of float32 weights to the tile that the float32 product reads.</summary>
    public ITileTranspose TileTranspose { get; }

    /// <summary>4-bit weights times 16-bit activations (precise).</summary>
    public Int4Kernels Int16 { get; }

    /// <summary>4-bit weights times 8-bit activations (fast).</summary>
    public Int4Kernels Int8 { get; }

    /// <summary>What was chosen for each operation.</summary>
    public IReadOnlyList<KernelChoice> Choices => _choices;

    /// <summary>The table for this machine, narrowed by the environment.</summary>
    /// <exception cref="GemmaException">The environment variable holds an unknown word.</exception>
    public static KernelTable ForMachine() => new(InstructionSets.LimitFromEnvironment());

    /// <summary>The table for this machine with kernels of at most <paramref name="limit"/>.</summary>
    public static KernelTable UpTo(InstructionSet limit) => new(limit);

    private T Choose<T>(string operation, params ReadOnlySpan<(InstructionSet Set, Func<T> Create)> candidates)
        where T : notnull
    {
        foreach ((InstructionSet set, Func<T> create) in candidates)
        {
            if (set <= _limit && InstructionSets.IsAccelerated(set))
            {
                T kernel = create();
                _choices.Add(new KernelChoice(operation, kernel.GetType().Name, set));
                return kernel;
            }
        }

        throw new InvalidOperationException($"no kernel for {operation}: the table must end with the scalar reference");
    }
}
