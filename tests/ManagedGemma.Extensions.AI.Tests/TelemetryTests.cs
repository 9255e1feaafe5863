using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ManagedGemma.Extensions.AI.Chat;
using ManagedGemma.Extensions.AI.Embeddings;
using ManagedGemma.Extensions.AI.Telemetry;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary>Traces and metrics as a listener of OpenTelemetry's would get them.</summary>
public sealed class TelemetryTests(DemoModel model) : IClassFixture<DemoModel>, IDisposable
{
    // Of its own, so that tests beside these are not taken for them.
    private const string Name = "telemetry-demo";

    private readonly ConcurrentQueue<Activity> _spans = [];
    private readonly ConcurrentQueue<(string Name, string? Unit, double Value, Dictionary<string, object?> Tags)> _measurements = [];
    private readonly List<IDisposable> _listeners = [];

    public void Dispose() => _listeners.ForEach(x => x.Dispose());

    [Fact]
    public async Task A_chat_is_a_span_and_three_measurements()
    {
        Listen();
        using GemmaChatClient client = new(model.Generator, Name, DemoModel.Letters);
        using Activity outer = new Activity("outer").Start();
        ChatResponse response = await client.GetResponseAsync(
            DemoModel.Hello, new ChatOptions { Temperature = 0.5f, TopP = 0.9f, TopK = 7, Seed = 3, StopSequences = ["0"], MaxOutputTokens = 5 });
        Activity span = Assert.Single(_spans);
        Assert.Equal(($"chat {Name}", ActivityKind.Internal, ActivityStatusCode.Unset), (span.DisplayName, span.Kind, span.Status));
        Assert.Equal(outer.SpanId, span.ParentSpanId);
        Assert.Same(outer, Activity.Current);
        Dictionary<string, object?> attributes = span.TagObjects.ToDictionary();
        Assert.Equal("chat", attributes["gen_ai.operation.name"]);
        Assert.Equal("managed_gemma", attributes["gen_ai.provider.name"]);
        Assert.Equal(Name, attributes["gen_ai.request.model"]);
        Assert.Equal(Name, attributes["gen_ai.response.model"]);
        Assert.Equal(0.5, attributes["gen_ai.request.temperature"]);
        Assert.Equal(0.9, attributes["gen_ai.request.top_p"]);
        Assert.Equal(7, attributes["gen_ai.request.top_k"]);
        Assert.Equal(3L, attributes["gen_ai.request.seed"]);
        Assert.Equal(5, attributes["gen_ai.request.max_tokens"]);
        Assert.Equal(["0"], (string[])attributes["gen_ai.request.stop_sequences"]!);
        Assert.Equal(["length"], (string[])attributes["gen_ai.response.finish_reasons"]!);
        Assert.Equal(response.ResponseId, attributes["gen_ai.response.id"]);
        Assert.Equal(response.Usage!.InputTokenCount, attributes["gen_ai.usage.input_tokens"]);
        Assert.Equal(5L, attributes["gen_ai.usage.output_tokens"]);

        (double Value, Dictionary<string, object?> Tags)[] usage = Measured("gen_ai.client.token.usage", "{token}");
        Assert.Equal([("input", (double)response.Usage.InputTokenCount!.Value), ("output", 5)], usage.Select(x => ((string)x.Tags["gen_ai.token.type"]!, x.Value)));
        (double seconds, Dictionary<string, object?> tags) = Assert.Single(Measured("gen_ai.client.operation.duration", "s"));
        Assert.True(seconds > 0);
        Assert.Equal(["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model"], tags.Keys.Order());
    }

    [Fact]
    public async Task What_fails_says_so()
    {
        Listen();
        using GemmaChatClient client = new(model.Generator, Name);
        await Assert.ThrowsAsync<GemmaException>(() => client.GetResponseAsync("a", new ChatOptions { ConversationId = "1" }));
        Activity span = Assert.Single(_spans);
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal("ManagedGemma.GemmaException", span.GetTagItem("error.type"));
        Assert.Equal("ManagedGemma.GemmaException", Assert.Single(Measured("gen_ai.client.operation.duration", "s")).Tags["error.type"]);
        Assert.Empty(Measured("gen_ai.client.token.usage", "{token}"));
    }

    [Fact]
    public async Task Embeddings_are_told_of_too()
    {
        Listen();
        using GemmaEmbeddingGenerator generator = new(model.Encoder, Name);
        await generator.GenerateAsync(["fox", "sea"]);
        Activity span = Assert.Single(_spans);
        Assert.Equal($"embeddings {Name}", span.DisplayName);
        Assert.Equal(128, span.GetTagItem("gen_ai.embeddings.dimension.count"));
        Assert.Equal(8L, span.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal("input", Assert.Single(Measured("gen_ai.client.token.usage", "{token}")).Tags["gen_ai.token.type"]);
    }

    private (double Value, Dictionary<string, object?> Tags)[] Measured(string name, string unit)
    {
        Assert.All(_measurements.Where(x => x.Name == name), x => Assert.Equal(unit, x.Unit));
        return [.. _measurements.Where(x => x.Name == name).Select(x => (x.Value, x.Tags))];
    }

    private void Listen()
    {
        ActivityListener spans = new()
        {
            ShouldListenTo = source => source.Name == ManagedGemmaTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if ((string?)span.GetTagItem("gen_ai.request.model") == Name)
                {
                    _spans.Enqueue(span);
                }
            },
        };
        ActivitySource.AddActivityListener(spans);
        _listeners.Add(spans);
        MeterListener meters = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == ManagedGemmaTelemetry.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measure(instrument, value, tags));
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measure(instrument, value, tags));
        meters.Start();
        _listeners.Add(meters);
    }

    private void Measure(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Dictionary<string, object?> all = tags.ToArray().ToDictionary();
        if ((string?)all["gen_ai.request.model"] == Name)
        {
            _measurements.Enqueue((instrument.Name, instrument.Unit, value, all));
        }
    }
}
