using System.CommandLine;
using ManagedGemma.Cli.Input;

namespace ManagedGemma.Cli.Options;

/// <summary>An option that names a file with instructions.</summary>
internal sealed class SystemOption : Option<string>
{
    public SystemOption(string name, string description)
        : base(name)
    {
        Description = description;
        HelpName = "FILE";
    }

    /// <summary>The instructions; null when there are none.</summary>
    /// <exception cref="GemmaException">The file cannot be read, or is not UTF-8.</exception>
    public string? Read(ParseResult parse) => parse.GetValue(this) is { } file ? PromptFile.Read(file) : null;
}
