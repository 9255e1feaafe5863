using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats;

/// <summary>A kind of file in which some program reads precomputed prompts: its tensors' keys, shapes and types are that program's.</summary>
public sealed class ConditioningFormat
{
    private static readonly SafetensorsContainer Safetensors = new();

    private readonly ITensorContainer _container;
    private readonly FormatTensor[] _tensors;

    private ConditioningFormat(string name, string summary, ITensorContainer container, params FormatTensor[] tensors)
    {
        Name = name;
        Summary = summary;
        _container = container;
        _tensors = tensors;
        Needs = tensors.Aggregate(ConditioningParts.None, (parts, tensor) => parts | tensor.Part);
    }

    /// <summary>
    /// What LTX-2's HDR pipeline takes as <c>--text-embeddings</c>, and diffusers' HDR example: <c>video_context</c> and
    /// <c>audio_context</c>, BF16 [1, T, width].
    /// </summary>
    public static ConditioningFormat Hdr { get; } = new(
        "hdr",
        "LTX-2's HDR pipeline and diffusers' HDR example",
        Safetensors,
        new FormatTensor("audio_context", RowSource.AudioContext, ElementType.BF16, true),
        new FormatTensor("video_context", RowSource.VideoContext, ElementType.BF16, true));

    /// <summary>All formats; the first is the default.</summary>
    public static IReadOnlyList<ConditioningFormat> All { get; } = [Hdr];

    /// <summary>The name on a command line.</summary>
    public string Name { get; }

    /// <summary>Who reads it, in a few words.</summary>
    public string Summary { get; }

    /// <summary>What file names end with, the dot included.</summary>
    public string Extension => _container.Extension;

    /// <summary>What has to be computed for it.</summary>
    public ConditioningParts Needs { get; }

    // What the header says of a prompt.
    private Func<string?, IReadOnlyDictionary<string, string>> Metadata { get; init; } = _ => new Dictionary<string, string>();

    /// <summary>Bytes of a prompt's file.</summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="prompt">The text, which some formats keep.</param>
    public long ByteLength(ConditioningShape shape, string? prompt) => _container.Measure(Specs(shape), Metadata(prompt));

    /// <summary>Writes a file, which appears whole or not at all.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="result">What was computed, at least what is needed.</param>
    /// <param name="cancellation">Looked at before every row; a cancelled file is deleted.</param>
    /// <exception cref="GemmaException">The file cannot be written.</exception>
    /// <exception cref="ArgumentException">The result lacks a part.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Write(string path, ConditioningResult result, CancellationToken cancellation = default)
    {
        RequireParts(result);
        using AtomicFile file = AtomicFile.Create(path, ByteLength(result.Shape, result.Prompt));
        Write(file.Stream, result, cancellation);
        cancellation.ThrowIfCancellationRequested();
        file.Commit();
    }

    /// <summary>Writes a file's bytes, as many as <see cref="ByteLength"/> says, to any stream, which stays open.</summary>
    /// <param name="output">Takes the bytes; need not seek.</param>
    /// <param name="result">What was computed, at least what is needed.</param>
    /// <param name="cancellation">Looked at before every row.</param>
    /// <exception cref="ArgumentException">The result lacks a part.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Write(Stream output, ConditioningResult result, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequireParts(result);
        _container.Write(output, Specs(result.Shape), Metadata(result.Prompt), (i, stream) => _tensors[i].Write(result, stream, cancellation));
    }

    private List<SafetensorsSpec> Specs(ConditioningShape shape) => [.. _tensors.Select(tensor => tensor.Spec(shape))];

    private void RequireParts(ConditioningResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if ((Needs & ~result.Parts) is not ConditioningParts.None and var missing)
        {
            throw new ArgumentException($"The format {Name} needs {missing} too.", nameof(result));
        }
    }
}
