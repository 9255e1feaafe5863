namespace ManagedGemma.Cli.Input;

/// <summary>How the prompts of a batch are written down.</summary>
internal enum BatchFormat
{
    /// <summary>As the file's name says.</summary>
    Auto,

    /// <summary>One a line, UTF-8.</summary>
    Text,

    /// <summary>A JSON object a line.</summary>
    JsonLines,
}
