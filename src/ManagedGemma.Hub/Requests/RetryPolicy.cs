using System.Net;
using ManagedGemma.Hub.Transfer;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace ManagedGemma.Hub.Requests;

/// <summary>What is tried again, how often, and after which wait.</summary>
internal static class RetryPolicy
{
    /// <summary>For requests up to the head of their answer: 408, 429, 5xx, no connection, no answer in time.</summary>
    public static void AddRequests(ResiliencePipelineBuilder<HttpResponseMessage> builder, HubOptions options)
    {
        builder.TimeProvider = options.TimeProvider;
        if (options.MaxRetries > 0)
        {
            builder.AddRetry(new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.LongestRetryDelay,

                // The server's word replaces the wait; one that asks for too much is not tried again.
                DelayGenerator = args => ValueTask.FromResult(AskedFor(args.Outcome.Result, options)),
                ShouldHandle = args => ValueTask.FromResult(
                    HttpClientResiliencePredicates.IsTransient(args.Outcome) && !(AskedFor(args.Outcome.Result, options) > options.LongestRetryDelay)),
            });
        }

        builder.AddTimeout(options.ResponseTimeout);
    }

    /// <summary>For what follows the head: a body that breaks off.</summary>
    public static ResiliencePipeline Transfers(HubOptions options)
    {
        ResiliencePipelineBuilder builder = new() { TimeProvider = options.TimeProvider };
        if (options.MaxRetries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.LongestRetryDelay,
                ShouldHandle = new PredicateBuilder().Handle<TransferInterruptedException>(),
            });
        }

        return builder.Build();
    }

    /// <summary>The wait that an answer asks for (Retry-After, seconds or a date); null when it asks for none.</summary>
    public static TimeSpan? AskedFor(HttpResponseMessage? response, HubOptions options)
    {
        if (response?.Headers.RetryAfter is not { } asked)
        {
            return null;
        }

        TimeSpan? wait = asked.Delta ?? asked.Date - options.TimeProvider.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>Whether an exception means that the server did not answer.</summary>
    public static bool IsNoAnswer(Exception exception) => exception is HttpRequestException or TimeoutRejectedException or WebException;
}
