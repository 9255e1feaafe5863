using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using Microsoft.Extensions.Options;

namespace ManagedGemma.Extensions.AI;

/// <summary>Says everything that is wrong with the options, before the model is loaded.</summary>
internal sealed class ManagedGemmaOptionsValidator : IValidateOptions<ManagedGemmaOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ManagedGemmaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<string> problems = [];
        Require(options.Threads is null or (>= 1 and <= 1024), nameof(options.Threads), "null or 1 to 1024", options.Threads);
        Require(options.KeptConversations >= 0, nameof(options.KeptConversations), "at least 0", options.KeptConversations);
        Require(options.ModelId is null or { Length: > 0 }, nameof(options.ModelId), "null or a name", "an empty text");
        Require(options.Embeddings is not null, nameof(options.Embeddings), "settings", "null");
        Require(options.Embeddings is null or { BatchTokens: >= 1 }, "Embeddings.BatchTokens", "at least 1", options.Embeddings?.BatchTokens);
        Require(options.Embeddings is null || Enum.IsDefined(options.Embeddings.Pooling), "Embeddings.Pooling", "mean or last token", options.Embeddings?.Pooling);
        Require(options.Embeddings is null || Enum.IsDefined(options.Embeddings.Precision), "Embeddings.Precision", "a precision", options.Embeddings?.Precision);
        Require(options.Generation is not null, nameof(options.Generation), "options", "null");
        Try(nameof(options.MaxSequences), () => OptionRules.Check(new GeneratorOptions { MaxSequences = options.MaxSequences }));
        Try(nameof(options.Generation), () => OptionRules.Check(options.Generation ?? new GenerationOptions(), int.MaxValue));
        if (options.ModelFactory is null)
        {
            Try(nameof(options.Model), () => FindModel(options));
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Require(bool holds, string member, string expected, object? found)
        {
            if (!holds)
            {
                problems.Add(FormattableString.Invariant($"{nameof(ManagedGemmaOptions)}.{member}: expected {expected}, found {found}"));
            }
        }

        void Try(string member, Action check)
        {
            try
            {
                check();
            }
            catch (Exception exception) when (exception is GemmaException or ArgumentException)
            {
                problems.Add($"{nameof(ManagedGemmaOptions)}.{member}: {exception.Message}");
            }
        }
    }

    /// <summary>Where the model lies.</summary>
    /// <exception cref="GemmaException">Nowhere.</exception>
    public static string FindModel(ManagedGemmaOptions options)
    {
        string path = options.Model is { } model
            ? ModelPath.Resolve(model)
            : GemmaTextEncoder.FindDefault() ?? throw new GemmaException(
                "there is no model",
                expected: $"a path or owner/name here or in {GemmaTextEncoder.ModelVariable}, or {GemmaTextEncoder.DefaultRepository} in the Hugging Face cache");
        return File.Exists(path) || Directory.Exists(path) ? path : throw new GemmaException("the model does not exist", path);
    }
}
