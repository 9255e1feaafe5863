using System.CommandLine;
using ManagedGemma.Cli.Input;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--model</c>, and what stands in for it.</summary>
internal sealed class ModelOption : Option<string>
{
    public ModelOption()
        : base("--model", "-m")
    {
        Description = $"The model: a directory, a .gguf or .safetensors file, or owner/name[@revision] in the Hugging Face cache. Default: {GemmaTextEncoder.ModelVariable}, else {GemmaTextEncoder.DefaultRepository}, else a demo.";
        HelpName = "MODEL";
    }

    /// <summary>Finds the model; nothing is opened.</summary>
    public ModelSource Find(ParseResult parse) => ModelSource.Find(parse.GetValue(this));
}
