namespace ManagedGemma.Cli.Output;

/// <summary>What <c>inspect --json</c> prints.</summary>
internal sealed record InspectReport
{
    public required string Model { get; init; }

    public required string ModelOrigin { get; init; }

    public required string Location { get; init; }

    public required bool IsDemo { get; init; }

    public required string ConfigOrigin { get; init; }

    public required InspectConfig Config { get; init; }

    public required long Parameters { get; init; }

    public required IReadOnlyList<InspectFile> Files { get; init; }

    /// <summary>A path, or what inside the weights stands for one.</summary>
    public required string? Tokenizer { get; init; }

    public required int TensorCount { get; init; }

    public required long TensorBytes { get; init; }

    public required IReadOnlyList<InspectPart> Parts { get; init; }

    public required InspectQuantization Quantization { get; init; }

    /// <summary>Only with --tensors.</summary>
    public required IReadOnlyList<InspectTensor>? Tensors { get; init; }

    /// <summary>Null when the engine cannot run the checkpoint.</summary>
    public required InspectEngine? Engine { get; init; }

    /// <summary>Why the engine cannot run the checkpoint; null when it can.</summary>
    public required string? Problem { get; init; }
}

/// <summary>The decoder's sizes.</summary>
internal sealed record InspectConfig(
    string ModelType,
    int HiddenSize,
    int Layers,
    int IntermediateSize,
    int Heads,
    int KeyValueHeads,
    int HeadDim,
    int SlidingWindow,
    IReadOnlyList<int> FullAttentionLayers,
    double RopeThetaFull,
    double RopeFactorFull,
    double RopeThetaSliding,
    double RopeFactorSliding,
    double RmsNormEps,
    double QueryPreAttnScalar,
    int? MaxPositions);

/// <summary>A weight file.</summary>
internal sealed record InspectFile(string Path, long Bytes);

/// <summary>Tensors of one purpose.</summary>
internal sealed record InspectPart(string Part, int Tensors, long Parameters, long Bytes);

/// <summary>How the decoder's matrices are stored.</summary>
internal sealed record InspectQuantization(IReadOnlyCollection<string> Schemes, IReadOnlyCollection<string> ScaleTypes, IReadOnlyList<string> DenseModules);

/// <summary>One tensor.</summary>
internal sealed record InspectTensor(string Name, string Type, IReadOnlyList<long> Shape, long Bytes);

/// <summary>What would compute.</summary>
internal sealed record InspectEngine(
    int Threads, int VocabularySize, string InstructionSet, IReadOnlyList<InspectMatrices> Matrices, IReadOnlyList<InspectKernel> Kernels);

/// <summary>Matrices of one purpose that are stored alike.</summary>
/// <param name="Part">What they are for.</param>
/// <param name="Mode">MLX's name of the quantisation; "gguf" for GGUF's blocks, "dense" when there is none.</param>
/// <param name="Bits">Bits a weight, scales not counted; null for GGUF's blocks, which hold their scales.</param>
/// <param name="GroupSize">Weights that share a scale; null when dense or of GGUF.</param>
/// <param name="Type">The element type of scales, or of dense weights; GGUF's name of the blocks.</param>
/// <param name="Count">How many.</param>
/// <param name="Parameters">Their weights.</param>
/// <param name="Bytes">With scales and biases.</param>
/// <param name="Product">"int4": multiplied in integers as they lie (in float32 unpacked); "unpacked": to float32, tile by tile.</param>
internal sealed record InspectMatrices(
    string Part, string Mode, int? Bits, int? GroupSize, string Type, int Count, long Parameters, long Bytes, string Product);

/// <summary>One operation's kernel.</summary>
internal sealed record InspectKernel(string Operation, string Kernel, string InstructionSet);
