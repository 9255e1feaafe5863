using System.Globalization;
using System.Text;

namespace ManagedGemma.Cli.Output;

/// <summary>Names of a batch's outputs.</summary>
internal static class OutputName
{
    private const string Extension = ".safetensors";

    // What file systems take: 255 bytes, the extension's included.
    private const int MostBytes = 255 - 12;

    private static readonly char[] Separators = ['/', '\\'];

    /// <summary>Tells names apart as the system's usual file systems do.</summary>
    public static StringComparer Comparer { get; } =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>
    /// The name of a prompt that has none: its line's number in six digits, so that names sort as lines do. Always six, so that a list
    /// to which lines are added keeps its names.
    /// </summary>
    public static string OfLine(long number) => number.ToString("000000", CultureInfo.InvariantCulture);

    /// <summary>The path of an output.</summary>
    public static string PathOf(string directory, string name) => Path.Combine(directory, name + Extension);

    /// <summary>What a name would have to be, if it cannot be a file's in the output's directory; else null.</summary>
    public static string? Problem(string name) => name switch
    {
        "" => "a name that is not empty",
        "." or ".." => "a name, not a directory",
        _ when name.IndexOfAny(Separators) >= 0 => "a name without / and \\",
        _ when name.Any(char.IsControl) || name.IndexOfAny(Path.GetInvalidFileNameChars()) >= 0 => "a name of characters that file names may have",
        _ when Encoding.UTF8.GetByteCount(name) > MostBytes => $"at most {MostBytes} bytes",
        _ => null,
    };
}
