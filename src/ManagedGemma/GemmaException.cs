using System.Text;

namespace ManagedGemma;

/// <summary>
/// The one exception for everything that is wrong with what a caller brought: a checkpoint, a tokenizer, a prompt,
/// an output path. Its message is one line that names the file, the tensor or key, what was expected and what was found.
/// Bugs of the caller's program (null arguments, disposed objects) stay with .NET's own exceptions.
/// </summary>
public sealed class GemmaException : Exception
{
    /// <summary>Creates an exception whose message is composed of the parts that are given.</summary>
    /// <param name="problem">What is wrong, without a full stop: "the header is not JSON".</param>
    /// <param name="file">The file or directory concerned.</param>
    /// <param name="subject">The tensor, the config key or the option concerned.</param>
    /// <param name="expected">What would have been right.</param>
    /// <param name="found">What is there.</param>
    /// <param name="innerException">The cause, if another exception reported it.</param>
    public GemmaException(
        string problem,
        string? file = null,
        string? subject = null,
        string? expected = null,
        string? found = null,
        Exception? innerException = null)
        : base(Compose(problem, file, subject, expected, found), innerException)
    {
        FilePath = file;
        Subject = subject;
        Expected = expected;
        Found = found;
    }

    /// <summary>The file or directory concerned, or null.</summary>
    public string? FilePath { get; }

    /// <summary>The tensor, config key or option concerned, or null.</summary>
    public string? Subject { get; }

    /// <summary>What would have been right, or null.</summary>
    public string? Expected { get; }

    /// <summary>What is there, or null.</summary>
    public string? Found { get; }

    private static string Compose(string problem, string? file, string? subject, string? expected, string? found)
    {
        StringBuilder message = new();
        if (file is not null)
        {
            message.Append(file).Append(": ");
        }

        if (subject is not null)
        {
            message.Append(subject).Append(": ");
        }

        message.Append(problem);
        string? detail = (expected, found) switch
        {
            (null, null) => null,
            (not null, null) => $"expected {expected}",
            (null, not null) => $"found {found}",
            _ => $"expected {expected}, found {found}",
        };
        if (detail is not null)
        {
            message.Append(" (").Append(detail).Append(')');
        }

        return message.Replace('\r', ' ').Replace('\n', ' ').ToString();
    }
}
