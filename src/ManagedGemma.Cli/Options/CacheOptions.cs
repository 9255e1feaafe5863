using System.CommandLine;
using ManagedGemma.Caching;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--cache</c> and its size.</summary>
internal sealed class CacheOptions
{
    private readonly Option<string> _cache;

    private readonly Option<long?> _size = new("--cache-size")
    {
        Description = "What the cache may hold, as in 500M or 20G; the least recently used goes first. Default: 10G.",
        HelpName = "SIZE",
        CustomParser = result =>
        {
            string word = result.Tokens.Count > 0 ? result.Tokens[0].Value : string.Empty;
            long? size = Parse(word);
            if (size is null)
            {
                result.AddError($"--cache-size takes a number of bytes, or of K, M, G or T, as in 20G, not '{word}'");
            }

            return size;
        },
    };

    /// <param name="results">What it holds, as in "results".</param>
    public CacheOptions(string results) => _cache = new Option<string>("--cache")
    {
        Description =
            $"A directory of {results}, by tokens, models and options: what is there is not computed again. Several processes may share it.",
        HelpName = "DIR",
    };

    /// <summary>Adds both to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_cache);
        command.Add(_size);
    }

    /// <summary>The cache; null when none is wanted.</summary>
    /// <exception cref="UsageException">A size without a cache.</exception>
    public ResultCache? In(ParseResult parse) => parse.GetValue(_cache) switch
    {
        null => parse.GetValue(_size) is null ? null : throw new UsageException("--cache-size goes with --cache"),
        "" => throw new UsageException("--cache takes a directory"),
        { } directory => new ResultCache(directory, parse.GetValue(_size) ?? ResultCache.DefaultSize),
    };

    /// <summary>Reads a size: digits, and a letter for a power of 1024; null when it is none.</summary>
    internal static long? Parse(string word)
    {
        int power = word.Length > 0 ? "KMGT".IndexOf(char.ToUpperInvariant(word[^1]), StringComparison.Ordinal) + 1 : 0;
        return long.TryParse(power > 0 ? word[..^1] : word, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number)
            && number > 0 && number <= long.MaxValue >> (10 * power)
                ? number << (10 * power)
                : null;
    }
}
