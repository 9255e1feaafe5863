using System.Globalization;

namespace ManagedGemma.Cli.Input;

/// <summary>Reads token ids from the command line.</summary>
internal static class TokenIdList
{
    private static readonly char[] Separators = [',', ' ', '\t', '\r', '\n'];

    /// <summary>Reads whole numbers between commas or white space.</summary>
    /// <exception cref="UsageException">There is none, or something else among them.</exception>
    public static int[] Parse(string text)
    {
        string[] words = text.Split(Separators, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
        {
            throw new UsageException("--ids takes at least one token id");
        }

        int[] ids = new int[words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            if (!int.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
            {
                throw new UsageException($"--ids takes whole numbers, not '{words[i]}'");
            }
        }

        return ids;
    }
}
