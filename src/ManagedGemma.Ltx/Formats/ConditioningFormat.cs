using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Formats.Containers;

namespace ManagedGemma.Ltx.Formats;

/// <summary>A kind of file in which some program reads precomputed prompts: its tensors' keys, shapes and types are that program's.</summary>
public sealed partial class ConditioningFormat
{
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

    /// <summary>The name on a command line.</summary>
    public string Name { get; }

    /// <summary>Who reads it, in a few words.</summary>
    public string Summary { get; }

    /// <summary>What file names end with, the dot included.</summary>
    public string Extension => _container.Extension;

    /// <summary>What has to be computed for it.</summary>
    public ConditioningParts Needs { get; }

    // What the header says of a prompt, where the container has room for it.
    private Func<string?, IReadOnlyDictionary<string, string>> Metadata { get; init; } = _ => new Dictionary<string, string>();

    // Whether one tensor stands for video and audio.
    private bool IsForVersionOne { get; init; }

    /// <summary>Finds a format.</summary>
    /// <param name="name">Its <see cref="Name"/>.</param>
    /// <returns>Null when there is none of that name.</returns>
    public static ConditioningFormat? Find(string name) => All.FirstOrDefault(format => format.Name == name);

    /// <summary>Refuses a checkpoint whose prompts the format cannot hold.</summary>
    /// <exception cref="GemmaException">The format is LTX-2.0's and the checkpoint is not.</exception>
    public void Require(LtxCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (IsForVersionOne && checkpoint.Config.Features != FeatureVersion.V1)
        {
            throw new GemmaException(
                $"the format {Name} holds one tensor for video and audio, which are projected apart here",
                checkpoint.Path,
                expected: "an LTX-2.0 checkpoint",
                found: "LTX-2.3");
        }
    }

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
