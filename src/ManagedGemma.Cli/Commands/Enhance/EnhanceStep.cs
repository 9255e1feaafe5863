using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Enhancement;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands.Enhance;

/// <summary>Enhances prompts before they are tokenised, with the model that then encodes them; instructions are read once for all.</summary>
internal sealed class EnhanceStep(EnhanceSettings settings, Precision precision, Screen screen, CancellationToken cancellation) : IDisposable
{
    private GemmaTextGenerator? _generator;
    private PromptEnhancer? _enhancer;

    /// <summary>Enhances a prompt and says what became of it. One that nothing came of, and token ids, stay as they are.</summary>
    /// <exception cref="GemmaException">The prompt leaves no room in the model's context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Prompt Apply(GemmaTextEncoder encoder, Prompt prompt)
    {
        if (prompt.Text is not { } text)
        {
            screen.Warn("--enhance leaves token ids as they are");
            return prompt;
        }

        _generator ??= GemmaTextGenerator.Over(encoder, new GeneratorOptions { LeaveModelOpen = true });
        _enhancer ??= new PromptEnhancer(_generator, settings.System, settings.Cache);
        GenerationOptions options = PromptEnhancer.DefaultOptions with { Seed = settings.Seed, Precision = precision };
        Enhancement enhancement = _enhancer.Enhance(text, options, cancellation);
        EnhanceCommand.Warn(screen, enhancement.Answer, enhancement.FinishReason);
        if (string.IsNullOrWhiteSpace(enhancement.Text))
        {
            return prompt;
        }

        screen.Say($"enhanced: {enhancement.Text}");
        return prompt with { Text = enhancement.Text };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _enhancer?.Dispose();
        _generator?.Dispose();
    }
}
