using ManagedGemma.Generation;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Generate;

/// <summary>Prompt lookup on a real model: a text that is to be repeated with a change, and a text of the model's own.</summary>
internal static class LookupRun
{
    private const int Tokens = 160;

    private const string Scene =
        "A slow dolly shot moves through a narrow harbour street at dawn. Wet cobblestones reflect the pink sky while a fisherman in a yellow raincoat "
        + "coils a thick rope beside a wooden boat. Gulls cry overhead, water slaps against the hull, and somewhere behind him a radio plays an old waltz. "
        + "He stops, looks past the camera and says quietly that she is late again. The camera keeps drifting to the left and settles on the empty pier.";

    private static readonly (string Name, string Text)[] Tasks =
    [
        ("rewrite", $"Original: {Scene}\n\nThe same text, copied word for word: A slow dolly shot moves through"),
        ("free", "The history of the lighthouse begins with"),
    ];

    /// <summary>Runs both tasks without it, by its own choice, and always; the texts must be equal.</summary>
    public static IEnumerable<GenerateLine> All(GemmaTextGenerator generator, Precision precision, int threads)
    {
        foreach ((string name, string text) in Tasks)
        {
            int[] prompt = generator.Tokenizer.EncodePrompt(text);
            GenerationOptions options = new() { MaxTokens = Tokens, StopIds = [], Precision = precision, PromptLookup = PromptLookup.Off };
            generator.Complete(prompt, options with { MaxTokens = 8 });
            IReadOnlyList<int>? plain = null;
            double off = 0;
            foreach (PromptLookup lookup in new[] { PromptLookup.Off, PromptLookup.Auto, PromptLookup.On })
            {
                GenerationResult result = generator.Complete(prompt, options with { PromptLookup = lookup });
                plain ??= result.TokenIds;
                if (!plain.SequenceEqual(result.TokenIds))
                {
                    throw new InvalidOperationException($"Prompt lookup changed the text of the task {name}.");
                }

                double rate = result.Usage.TokensPerSecond;
                off = off == 0 ? rate : off;
                yield return new GenerateLine(name, precision.ToString().ToLowerInvariant(), threads, generator.Model.Config.LayerCount, prompt.Length, Math.Round(rate, 2))
                {
                    Lookup = lookup.ToString().ToLowerInvariant(),
                    Guessed = Math.Round(result.Usage.LookupTokens / (double)result.Usage.GeneratedTokens, 3),
                    TimesOff = Math.Round(rate / off, 2),
                };
            }
        }
    }
}
