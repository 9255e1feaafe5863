using ManagedGemma.Checkpoints;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Fuzz;

/// <summary>A SentencePiece model, as it lies in a tensor. Places of pieces must lie inside it.</summary>
internal sealed class SentencePieceTarget : IFuzzTarget
{
    public string Name => "sentencepiece";

    public unsafe void Run(ReadOnlySpan<byte> input)
    {
        using TensorMemory memory = new(input.Length, Name);
        input.CopyTo(new Span<byte>(memory.Pointer, input.Length));
        try
        {
            ScoredVocabulary vocabulary = SentencePieceModel.Read(new TensorView(Name, ElementType.U8, [input.Length], memory, 0, input.Length));
            foreach (ScoredPiece piece in vocabulary.Pieces)
            {
                Invariant.Holds(piece.Offset >= 0 && piece.Length >= 0 && piece.Offset + piece.Length <= input.Length, "pieces lie inside the model");
            }

            ScoredVocabularyReader.Read(vocabulary);
        }
        catch (GemmaException)
        {
            // Refused properly.
        }
    }
}
