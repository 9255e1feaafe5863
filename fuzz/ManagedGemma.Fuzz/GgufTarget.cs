using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Gguf;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Fuzz;

/// <summary>A whole GGUF file: its header, the config and the vocabulary in its metadata. What loads must lie inside the file.</summary>
internal sealed class GgufTarget : IFuzzTarget
{
    public string Name => "gguf";

    public unsafe void Run(ReadOnlySpan<byte> input)
    {
        TensorMemory memory = new(input.Length, Name);
        input.CopyTo(new Span<byte>(memory.Pointer, input.Length));
        GgufFile file;
        try
        {
            file = GgufFile.FromMemory(memory);
        }
        catch (GemmaException)
        {
            return;
        }

        using (file)
        {
            long end = file.Header.DataStart;
            HashSet<string> names = [];
            foreach (GgufTensor tensor in file.Header.Tensors.OrderBy(x => x.Offset).ThenBy(x => x.ByteLength))
            {
                Invariant.Holds(names.Add(tensor.Name), "names are unique");
                Invariant.Holds(tensor.Offset >= end && tensor.ByteLength >= 0, "tensors follow each other");
                end = tensor.Offset + tensor.ByteLength;
                Invariant.Holds(end <= input.Length, "tensors lie inside the file");
                long weights = tensor.Shape.Aggregate(1L, (product, dimension) => product * dimension);
                Invariant.Holds(weights % tensor.Type.BlockLength() == 0, "weights are whole blocks");
                Invariant.Holds(weights / tensor.Type.BlockLength() * tensor.Type.BlockBytes() == tensor.ByteLength, "shape and bytes agree");
            }

            ReadMetadata(file);
        }
    }

    private static void ReadMetadata(GgufFile file)
    {
        try
        {
            GemmaConfig config = GgufConfigReader.Read(file.Metadata);
            ConfigTarget.CheckRanges(config);
        }
        catch (GemmaException)
        {
            // Refused properly; the vocabulary is another matter.
        }

        try
        {
            if (GgufVocabulary.IsIn(file.Metadata))
            {
                TokenizerDefinition definition = ScoredVocabularyReader.Read(GgufVocabulary.Read(file));
                Invariant.Holds(definition.Pieces.HasId(definition.BosId), "the first token has a piece");
            }
        }
        catch (GemmaException)
        {
            // Refused properly.
        }
    }
}
