using System.Diagnostics;

namespace ManagedGemma.Extensions.AI.Telemetry;

/// <summary>One call: its span, and what it adds to the metrics when it ends.</summary>
internal sealed class GenAiOperation : IDisposable
{
    private readonly Activity? _activity;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly TagList _tags;
    private string? _errorType;
    private bool _isEnded;

    /// <param name="name">As the conventions name it: <c>chat</c>, <c>embeddings</c>.</param>
    /// <param name="model">The model's name.</param>
    public GenAiOperation(string name, string model)
    {
        _tags = new TagList
        {
            { "gen_ai.operation.name", name },
            { "gen_ai.provider.name", ManagedGemmaTelemetry.ProviderName },
            { "gen_ai.request.model", model },
            { "gen_ai.response.model", model },
        };

        // The model runs in this process: internal, not client.
        _activity = ManagedGemmaTelemetry.Source.StartActivity($"{name} {model}", ActivityKind.Internal, parentContext: default, tags: _tags);
    }

    /// <summary>Whether somebody looks at the span.</summary>
    public bool IsRecorded => _activity?.IsAllDataRequested == true;

    /// <summary>Puts an attribute on the span, unless it has no value.</summary>
    public void Set(string attribute, object? value)
    {
        if (value is not null)
        {
            _activity?.SetTag(attribute, value);
        }
    }

    /// <summary>Says what the call took.</summary>
    public void Use(long inputTokens, long? outputTokens)
    {
        Set("gen_ai.usage.input_tokens", inputTokens);
        Record(inputTokens, "input");
        if (outputTokens is { } output)
        {
            Set("gen_ai.usage.output_tokens", output);
            Record(output, "output");
        }
    }

    /// <summary>Says that the call failed or was cancelled.</summary>
    public void Fail(Exception exception)
    {
        _errorType = exception.GetType().FullName;
        Set("error.type", _errorType);
        _activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
    }

    /// <summary>Ends the span.</summary>
    public void Dispose()
    {
        if (_isEnded)
        {
            return;
        }

        _isEnded = true;
        TagList tags = _tags;
        if (_errorType is not null)
        {
            tags.Add("error.type", _errorType);
        }

        ManagedGemmaTelemetry.Duration.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, tags);
        _activity?.Dispose();
    }

    private void Record(long tokens, string type)
    {
        TagList tags = _tags;
        tags.Add("gen_ai.token.type", type);
        ManagedGemmaTelemetry.TokenUsage.Record(tokens, tags);
    }
}
