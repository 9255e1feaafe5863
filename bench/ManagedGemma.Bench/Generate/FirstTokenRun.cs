using System.Diagnostics;
using ManagedGemma.Generation;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.Generate;

/// <summary>A prompt of a long beginning and a short question: how long until the first token, with and without a saved prefix.</summary>
internal static class FirstTokenRun
{
    private const int Question = 16;

    /// <summary>Runs both cases.</summary>
    public static IEnumerable<GenerateLine> All(GemmaTextGenerator generator, Precision precision, int threads, int tokens)
    {
        int[] begin = DecodeRun.Ids(generator.Model, tokens, 3), prompt = [.. begin, .. DecodeRun.Ids(generator.Model, Question, 5)];
        GenerationOptions options = new() { MaxTokens = 1, StopIds = [], Precision = precision };
        GenerateLine line = new("first-token", precision.ToString().ToLowerInvariant(), threads, generator.Model.Config.LayerCount, prompt.Length, 0);
        generator.Complete([2, 300], options);
        yield return line with { FirstTokenS = Seconds(() => generator.Complete(prompt, options)) };

        string path = Path.Combine(Path.GetTempPath(), $"managed-gemma-bench-{Guid.NewGuid():N}.safetensors");
        try
        {
            using (PromptPrefix computed = generator.ComputePrefix(begin, precision))
            {
                computed.Save(path);
            }

            PromptPrefix? loaded = null;
            double load = Seconds(() => loaded = PromptPrefix.Load(path, generator));
            using (loaded)
            {
                yield return line with
                {
                    Case = "first-token-prefix",
                    FirstTokenS = Seconds(() => generator.Complete(prompt, options, loaded)),
                    LoadS = load,
                    FileMb = Math.Round(new FileInfo(path).Length / 1e6, 1),
                };
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 3);
    }
}
