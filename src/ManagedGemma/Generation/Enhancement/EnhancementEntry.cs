using ManagedGemma.Caching;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Generation.Enhancement;

/// <summary>
/// An answer as an entry of a cache. What is kept is what the model said: cleaning is done after reading, so that a better cleaning makes
/// no entry stale.
/// </summary>
/// <remarks>Tensors: text (UTF-16), tokens, [finish reason, prompt's tokens, generated tokens], and what stopped it (UTF-16) if something did.</remarks>
internal static class EnhancementEntry
{
    /// <summary>The tensors of an answer.</summary>
    public static CachedTensor[] ToTensors(GenerationResult answer)
    {
        int[] ids = [.. answer.TokenIds];
        long[] numbers = [(long)answer.FinishReason, answer.Usage.PromptTokens, answer.Usage.GeneratedTokens];
        CachedTensor[] tensors =
        [
            Text(answer.Text),
            CachedTensor.Of<int>(ElementType.I32, ids, ids.Length),
            CachedTensor.Of<long>(ElementType.I64, numbers, numbers.Length),
        ];
        return answer.StoppedBy is { } stop ? [.. tensors, Text(stop)] : tensors;
    }

    /// <summary>The answer of an entry as a generation's only update, which took no time and no pass; null when it holds something else.</summary>
    public static GenerationUpdate? Of(IReadOnlyList<CachedTensor> tensors)
    {
        if (tensors.Count > 4
            || (tensors.Count == 4 && tensors[3].ElementType != ElementType.U16)
            || tensors is not [{ ElementType: ElementType.U16 } text, { ElementType: ElementType.I32 } ids, { ElementType: ElementType.I64 } numbers, ..]
            || numbers.ToArray<long>() is not [var finish, >= 0 and <= int.MaxValue and var prompt, >= 0 and <= int.MaxValue and var generated]
            || finish is not ((long)FinishReason.Stop or (long)FinishReason.Length))
        {
            return null;
        }

        return new GenerationUpdate
        {
            Text = new string(text.ToArray<char>()),
            TokenIds = ids.ToArray<int>(),
            FinishReason = (FinishReason)finish,
            StoppedBy = tensors.Count > 3 ? new string(tensors[3].ToArray<char>()) : null,
            Usage = new GenerationUsage((int)prompt, (int)prompt, (int)generated, 0, 0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero),
        };
    }

    private static CachedTensor Text(string text) => CachedTensor.Of(ElementType.U16, text.AsMemory(), text.Length);
}
