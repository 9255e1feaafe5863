using System.Diagnostics.CodeAnalysis;

namespace ManagedGemma.Checkpoints;

/// <summary>A model on the Hugging Face Hub as people write it: <c>owner/name</c> or <c>owner/name@revision</c>.</summary>
public sealed record HubReference
{
    private const int LongestName = 96;
    private const int LongestRevision = 256;

    private HubReference(string repository, string? revision)
    {
        Repository = repository;
        Revision = revision;
    }

    /// <summary><c>owner/name</c>.</summary>
    public string Repository { get; }

    /// <summary>A branch, a tag, <c>refs/pr/1</c> or a commit of 40 hexadecimal digits; null where none was given.</summary>
    public string? Revision { get; }

    /// <summary>The directory that the cache keeps for the repository: <c>models--owner--name</c>.</summary>
    public string CacheName => "models--" + Repository.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>Reads a reference.</summary>
    /// <param name="text">The text; null is no reference.</param>
    /// <param name="reference">What it says.</param>
    /// <returns>
    /// Whether it is one. Both names are of the letters, digits, <c>-</c>, <c>_</c> and <c>.</c> that the hub allows, and so is each part of
    /// the revision: nothing in them leads out of a directory or an address.
    /// </returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out HubReference? reference)
    {
        reference = null;
        if (text is null)
        {
            return false;
        }

        int at = text.IndexOf('@', StringComparison.Ordinal);
        string repository = at < 0 ? text : text[..at];
        string? revision = at < 0 ? null : text[(at + 1)..];
        if (!IsRepository(repository) || (revision is not null && !IsRevision(revision)))
        {
            return false;
        }

        reference = new HubReference(repository, revision);
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => Revision is null ? Repository : $"{Repository}@{Revision}";

    /// <summary>Whether a text is a commit's name in full: 40 hexadecimal digits, in lower case as git and the hub write them.</summary>
    public static bool IsCommit([NotNullWhen(true)] string? text) => text is { Length: 40 } && text.All(char.IsAsciiHexDigitLower);

    // Two dashes in a row separate owner and name in the cache's directories; the hub forbids them, too.
    private static bool IsRepository(string text) =>
        text.Split('/') is [string owner, string name]
        && IsPlainName(owner)
        && IsPlainName(name)
        && owner.Length <= LongestName
        && name.Length <= LongestName
        && !text.Contains("--", StringComparison.Ordinal)
        && !text.Contains("..", StringComparison.Ordinal);

    /// <summary>Whether a text can be a revision: plain names between slashes.</summary>
    private static bool IsRevision(string text) => text.Length <= LongestRevision && text.Split('/').All(IsPlainName);

    /// <summary>Letters, digits, and in between also - _ and dots: nothing that leads out of a directory on any system.</summary>
    private static bool IsPlainName(string name) =>
        name.Length is > 0 and <= 128
        && name[0] != '.'
        && name[^1] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
