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
        Description = $"The model's directory, or its .gguf or .safetensors file. Default: {GemmaTextEncoder.ModelVariable}, else {GemmaTextEncoder.DefaultRepository} in the Hugging Face cache, else a demo.";
        HelpName = "PATH";
    }

    /// <summary>Finds the model; nothing is opened.</summary>
    public ModelSource Find(ParseResult parse) => ModelSource.Find(parse.GetValue(this));
}
