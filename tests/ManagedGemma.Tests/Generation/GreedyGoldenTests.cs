using System.Text.Json;
using ManagedGemma.Generation;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using Xunit.Abstractions;

namespace ManagedGemma.Tests.Generation;

/// <summary>The real gemma-3-270m's greedy continuations against those of the original.</summary>
public sealed class GreedyGoldenTests(ITestOutputHelper output)
{
    // A smaller margin than this between the two likeliest tokens may fall to the other side of rounding.
    private const double LeastMargin = 0.01;

    // float32 keeps log-probabilities within 10⁻⁴, as for prompts; precise within 10⁻³: greedy tokens are likely ones, and none of them is as
    // delicate as the worst of a prompt (see RealModelGoldenTests).
    [RealModelTheory]
    [InlineData("short", Precision.Float32, PromptLookup.Off)]
    [InlineData("short", Precision.Precise, PromptLookup.Off)]
    [InlineData("short", Precision.Precise, PromptLookup.On)]
    [InlineData("caption", Precision.Float32, PromptLookup.Off)]
    [InlineData("caption", Precision.Precise, PromptLookup.Off)]
    [InlineData("caption", Precision.Precise, PromptLookup.On)]
    public void Greedy_continuations_match(string name, Precision precision, PromptLookup lookup)
    {
        JsonElement entry = Entry(name);
        JsonElement[] expected = [.. entry.GetProperty("greedy").EnumerateArray()];
        using GemmaTextGenerator generator = GemmaTextGenerator.Load(TestFiles.RealModel!);
        int[] prompt = generator.Tokenizer.EncodePrompt(entry.GetProperty("text").GetString()!);
        GenerationOptions options = new()
        {
            MaxTokens = expected.Length,
            StopIds = [],
            LogProbabilities = 1,
            Precision = precision,
            PromptLookup = lookup,
        };
        GenerationResult result = generator.Complete(prompt, options);

        // Behind a token that may be another, everything may be.
        int certain = Array.FindIndex(expected, token => token.GetProperty("margin").GetDouble() <= LeastMargin) is >= 0 and int at ? at : expected.Length;
        Assert.True(certain > 20, "the golden has its margins");
        Assert.Equal(expected.Take(certain).Select(token => token.GetProperty("id").GetInt32()), result.TokenIds.Take(certain));
        double[] errors =
            [.. Enumerable.Range(0, certain).Select(i => Math.Abs(result.LogProbabilities[i].LogProbability - expected[i].GetProperty("log_probability").GetDouble()))];
        output.WriteLine($"{name} {precision}: worst {errors.Max():0.0e+0}, mean {errors.Average():0.0e+0}; {result.Usage}");
        Assert.InRange(errors.Max(), 0, precision == Precision.Float32 ? 1e-4 : 1e-3);
        Assert.All(result.LogProbabilities, token => Assert.Equal(token.Id, token.Alternatives.Single().Id));
        if (certain == expected.Length)
        {
            Assert.Equal(entry.GetProperty("greedy_text").GetString(), result.Text);
        }
    }

    private static JsonElement Entry(string name)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestFiles.Goldens!, "gemma-3-270m", "index.json")));
        return index.RootElement.EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name).Clone();
    }
}
