namespace ManagedGemma.Generation.Lookup;

/// <summary>Where the last few tokens of a text occurred before: what followed there is what may follow here (Saxena 2023, prompt lookup decoding).</summary>
internal sealed class TokenNgrams
{
    /// <summary>The longest run of tokens that is looked for, and the shortest.</summary>
    public const int Longest = 3, Shortest = 2;

    private readonly List<int> _tokens = [];

    // From a run of tokens to the place behind its last occurrence. Runs that share a key give wrong candidates, which are found out.
    private readonly Dictionary<ulong, int>[] _places = [.. Enumerable.Range(0, Longest + 1).Select(_ => new Dictionary<ulong, int>())];

    /// <summary>The tokens so far.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>Adds a token.</summary>
    public void Add(int id)
    {
        // The run that ended before this token has something behind it now.
        for (int length = Shortest; length <= Longest; length++)
        {
            if (_tokens.Count >= length)
            {
                _places[length][Key(length)] = _tokens.Count;
            }
        }

        _tokens.Add(id);
    }

    /// <summary>What followed the last occurrence of the longest run that occurred before.</summary>
    /// <param name="most">Candidates at most.</param>
    /// <param name="matched">The run's length; 0 when there are no candidates.</param>
    public List<int> Candidates(int most, out int matched)
    {
        List<int> candidates = [];
        for (matched = Longest; matched >= Shortest; matched--)
        {
            if (_tokens.Count >= matched && _places[matched].TryGetValue(Key(matched), out int place))
            {
                for (int i = 0; i < most; i++, place++)
                {
                    // A text that repeats itself runs on into its own candidates.
                    candidates.Add(place < _tokens.Count ? _tokens[place] : candidates[place - _tokens.Count]);
                }

                return candidates;
            }
        }

        matched = 0;
        return candidates;
    }

    // The last tokens, 21 bits each.
    private ulong Key(int length)
    {
        ulong key = 0;
        for (int i = _tokens.Count - length; i < _tokens.Count; i++)
        {
            key = (key << 21) ^ (uint)_tokens[i];
        }

        return key;
    }
}
