using System.Reflection;
using System.Text.Json;
using ManagedGemma.Extensions.AI.Chat;
using ManagedGemma.Generation;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary>Every member of <see cref="ChatOptions"/> is honoured or refused by name; none is forgotten.</summary>
public sealed class ChatOptionsTests(DemoModel model) : IClassFixture<DemoModel>
{
    private static readonly GenerationOptions Defaults = new() { Temperature = 1, TopK = 64, TopP = 0.95, StopStrings = ["END"] };

    /// <summary>A value of each member, and what must come of it.</summary>
    private static readonly Dictionary<string, (ChatOptions Options, Func<GenerationOptions, bool> IsHonoured)> Honoured = new()
    {
        [nameof(ChatOptions.Temperature)] = (new() { Temperature = 0.7f }, x => x.Temperature == 0.7),
        [nameof(ChatOptions.MaxOutputTokens)] = (new() { MaxOutputTokens = 7 }, x => x.MaxTokens == 7),
        [nameof(ChatOptions.TopP)] = (new() { TopP = 0.3f }, x => x.TopP == 0.3),
        [nameof(ChatOptions.TopK)] = (new() { TopK = 3 }, x => x.TopK == 3),
        [nameof(ChatOptions.Seed)] = (new() { Seed = -4 }, x => x.Seed == -4),
        [nameof(ChatOptions.StopSequences)] = (new() { StopSequences = ["a", "b"] }, x => x.StopStrings.SequenceEqual(["END", "a", "b"])),
        [nameof(ChatOptions.RawRepresentationFactory)] =
            (new() { TopK = 5, RawRepresentationFactory = _ => new GenerationOptions { MinP = 0.25, TopK = 9 } }, x => x is { MinP: 0.25, TopK: 5, Temperature: 0 }),
        [nameof(ChatOptions.AdditionalProperties)] =
            (new() { AdditionalProperties = new() { ["min_p"] = 0.1f, ["repetition_penalty"] = JsonSerializer.Deserialize<JsonElement>("1.5") } }, x => x is { MinP: 0.1, RepetitionPenalty: 1.5 }),
        [nameof(ChatOptions.ModelId)] = (new() { ModelId = DemoModel.Name }, x => x == Defaults),

        // Into the prompt: ChatClientTests looks there.
        [nameof(ChatOptions.Instructions)] = (new() { Instructions = "I" }, x => x == Defaults),
    };

    private static readonly Dictionary<string, ChatOptions> Refused = new()
    {
        [nameof(ChatOptions.ConversationId)] = new() { ConversationId = "1" },
        [nameof(ChatOptions.FrequencyPenalty)] = new() { FrequencyPenalty = 0.5f },
        [nameof(ChatOptions.PresencePenalty)] = new() { PresencePenalty = 0.5f },
        [nameof(ChatOptions.Reasoning)] = new() { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low } },
        [nameof(ChatOptions.ResponseFormat)] = new() { ResponseFormat = ChatResponseFormat.Json },
        [nameof(ChatOptions.Tools)] = new() { Tools = [AIFunctionFactory.Create(() => 1, "f")] },
        [nameof(ChatOptions.ToolMode)] = new() { ToolMode = ChatToolMode.RequireAny },
        [nameof(ChatOptions.AllowMultipleToolCalls)] = new() { AllowMultipleToolCalls = true },
        [nameof(ChatOptions.AllowBackgroundResponses)] = new() { AllowBackgroundResponses = true },
        [nameof(ChatOptions.ContinuationToken)] = new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[] { 1 }) },
        [nameof(ChatOptions.ModelId)] = new() { ModelId = "another" },
        [nameof(ChatOptions.RawRepresentationFactory)] = new() { RawRepresentationFactory = _ => "text" },
        [nameof(ChatOptions.AdditionalProperties)] = new() { AdditionalProperties = new() { ["mirostat"] = 1 } },
    };

    [Fact]
    public void No_member_is_forgotten()
    {
        // "Experimental" members too: they are public.
        string[] members = [.. typeof(ChatOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(x => x.Name).Order()];
        Assert.Equal(members, Honoured.Keys.Union(Refused.Keys).Order());
    }

    [Fact]
    public void Members_are_honoured()
    {
        foreach ((string member, (ChatOptions options, Func<GenerationOptions, bool> isHonoured)) in Honoured)
        {
            Assert.True(isHonoured(Apply(options)), member);
        }

        Assert.Same(Defaults, Apply(null));
        Assert.Equal(Defaults, Apply(new ChatOptions()));
    }

    [Fact]
    public void Members_are_refused_by_name()
    {
        foreach ((string member, ChatOptions options) in Refused)
        {
            GemmaException exception = Assert.Throws<GemmaException>(() => Apply(options));
            Assert.StartsWith($"ChatOptions.{member}: the option is not supported (expected ", exception.Message, StringComparison.Ordinal);
        }

        ChatOptions noNumber = new() { AdditionalProperties = new() { ["min_p"] = "much" } };
        Assert.Contains("ChatOptions.AdditionalProperties[\"min_p\"]", Assert.Throws<GemmaException>(() => Apply(noNumber)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_asks_for_nothing_is_taken() => Assert.Equal(Defaults with { StopStrings = Defaults.StopStrings }, Apply(new ChatOptions
    {
        FrequencyPenalty = 0,
        PresencePenalty = 0,
        Reasoning = new ReasoningOptions { Effort = ReasoningEffort.None },
        ResponseFormat = ChatResponseFormat.Text,
        Tools = [],
        ToolMode = ChatToolMode.Auto,
        AllowMultipleToolCalls = false,
        AllowBackgroundResponses = false,
        StopSequences = [],
        AdditionalProperties = [],
        RawRepresentationFactory = _ => null,
    }));

    [Fact]
    public async Task What_is_out_of_range_is_refused_too()
    {
        using GemmaChatClient client = model.Client();
        foreach (ChatOptions options in new ChatOptions[] { new() { Temperature = -1 }, new() { TopP = 2 }, new() { TopK = 0 }, new() { MaxOutputTokens = 0 } })
        {
            Assert.Contains("out of range", (await Assert.ThrowsAsync<GemmaException>(() => client.GetResponseAsync("a", options))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_stop_sequence_ends_an_answer()
    {
        using GemmaChatClient client = model.Client();
        string whole = (await client.GetResponseAsync(DemoModel.Hello)).Text, stop = whole[9..12];
        ChatResponse response = await client.GetResponseAsync(DemoModel.Hello, new ChatOptions { StopSequences = [stop] });
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], response.Text);
    }

    private GenerationOptions Apply(ChatOptions? options)
    {
        using GemmaChatClient client = model.Client();
        return ChatOptionRules.Apply(options, Defaults, DemoModel.Name, client);
    }
}
