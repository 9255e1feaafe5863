using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats;

/// <summary>Reads the conditions that ltx-trainer caches, its own or those of <see cref="ConditioningFormat.LtxTrainer"/>.</summary>
public static class TrainerConditions
{
    /// <summary>Reads a prompt's embeddings, ready for <see cref="LtxTextConditioner.Connect(LtxProjection, IProgress{LtxProgress}?, CancellationToken)"/>.</summary>
    /// <param name="path">A *.pt file; the older kind, with one tensor for video and audio, too.</param>
    /// <exception cref="GemmaException">
    /// It is damaged, holds anything but tensors, or not those that it should; or its length is no multiple of 128.
    /// </exception>
    public static LtxProjection Read(string path)
    {
        TorchFile file = TorchFile.Open(path);
        TorchTensor video = file.Find(FormatKeys.PromptEmbeds) ?? file.Tensor(FormatKeys.VideoPromptEmbeds);
        TorchTensor audio = file.Find(FormatKeys.PromptEmbeds) ?? file.Tensor(FormatKeys.AudioPromptEmbeds);
        TorchTensor mask = file.Tensor(FormatKeys.PromptAttentionMask);
        if (mask.Shape.Count != 1)
        {
            throw Bad(file, mask, "[T]");
        }

        EmbeddingRows rows = Rows(file, video, mask.Shape[0]);
        int[] tokens = Array.ConvertAll(mask.ToIntegers(), x => x == 0 ? 0 : 1);
        return LtxProjection.FromPadded(rows, ReferenceEquals(video, audio) ? rows : Rows(file, audio, mask.Shape[0]), tokens);
    }

    private static EmbeddingRows Rows(TorchFile file, TorchTensor tensor, long length) =>
        tensor.Shape is [long count, >= 1 and <= int.MaxValue and long width] && count == length
            ? new EmbeddingRows((int)count, (int)width, tensor.ToSingles())
            : throw Bad(file, tensor, $"[{length},width]");

    private static GemmaException Bad(TorchFile file, TorchTensor tensor, string expected) =>
        new("the tensor has the wrong shape", file.Path, Untrusted.Show(tensor.Name), expected, Untrusted.Show(tensor.Shape));
}
