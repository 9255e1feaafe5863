using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands;

/// <summary>Loads the model that a command line asks for.</summary>
internal static class EncoderLoad
{
    /// <summary>Loads it and says what the person should know of it.</summary>
    /// <exception cref="GemmaException">The model is not there or not usable.</exception>
    public static GemmaTextEncoder Run(Screen screen, ModelSource source, GemmaModelOptions options)
    {
        GemmaTextEncoder encoder = source.Load(options);
        if (encoder.Model.Checkpoint.IsDemo)
        {
            DemoNotice.ForWeights(screen);
        }

        if (encoder.Model.Checkpoint is { IsConfigAssumed: true, ConfigOrigin: { } origin })
        {
            screen.Warn($"there is no config.json: sizes are taken from {origin} and may not be this model's");
        }

        if (encoder.Model.Advice is { } advice)
        {
            screen.Warn(advice);
        }

        return encoder;
    }
}
