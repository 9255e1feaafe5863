using System.CommandLine;
using ManagedGemma.Cli.Commands;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Options;

/// <summary>The model of a command that generates text, and what is said about images.</summary>
internal sealed class GeneratorModelOptions
{
    private readonly ModelOption _model = new();
    private readonly CountOption _threads = CommonOptions.Threads();

    // Hidden: it is here to be answered clearly, not to be found.
    private readonly Option<string[]> _image = new("--image") { Hidden = true, HelpName = "FILE", AllowMultipleArgumentsPerToken = true };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_model);
        command.Add(_threads);
        command.Add(_image);
    }

    /// <summary>Finds the model; nothing is opened.</summary>
    /// <exception cref="UsageException">An image.</exception>
    public ModelSource Find(ParseResult parse) => parse.GetResult(_image) is null
        ? _model.Find(parse)
        : throw new UsageException("images are not supported: the model reads text alone");

    /// <summary>Loads it.</summary>
    /// <exception cref="GemmaException">The model is not there or not usable.</exception>
    public GemmaTextEncoder Load(ParseResult parse, Screen screen, ModelSource source) =>
        EncoderLoad.Run(screen, source, new GemmaModelOptions { Threads = parse.GetValue(_threads) });
}
