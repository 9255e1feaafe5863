using System.Buffers;

namespace ManagedGemma.Tokenization;

/// <summary>Finds added tokens in raw text, leftmost first and the longest of those that begin there. Immutable.</summary>
internal sealed class AddedTokenTrie
{
    /// <summary>The longest added token, in UTF-16 units: it bounds the work at each place of the text.</summary>
    public const int MaxTokenLength = 1024;

    // node << 16 | character to the child; nodes are numbered from 1, the root is 0.
    private readonly Dictionary<long, int> _children = new(EdgeComparer.Instance);
    private readonly int[] _idOfNode;
    private readonly SearchValues<char> _firstCharacters;

    /// <summary>Builds the trie.</summary>
    /// <param name="tokens">Well-formed, not empty, none twice.</param>
    public AddedTokenTrie(IReadOnlyList<TokenizerDefinition.AddedToken> tokens)
    {
        List<int> idOfNode = [-1];
        HashSet<char> firstCharacters = [];
        foreach ((string content, int id, _) in tokens)
        {
            firstCharacters.Add(content[0]);
            int node = 0;
            foreach (char character in content)
            {
                long edge = Edge(node, character);
                if (!_children.TryGetValue(edge, out node))
                {
                    node = idOfNode.Count;
                    idOfNode.Add(-1);
                    _children.Add(edge, node);
                }
            }

            idOfNode[node] = id;
        }

        _idOfNode = [.. idOfNode];
        _firstCharacters = SearchValues.Create([.. firstCharacters]);
    }

    /// <summary>Finds the first added token at or after a place.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="length">The length of what was found, 0 when there is none.</param>
    /// <param name="id">Its id.</param>
    /// <returns>Where it begins; the length of the text when there is none.</returns>
    public int FindNext(ReadOnlySpan<char> text, int from, out int length, out int id)
    {
        while (true)
        {
            int skipped = text[from..].IndexOfAny(_firstCharacters);
            if (skipped < 0)
            {
                length = 0;
                id = -1;
                return text.Length;
            }

            from += skipped;
            length = LongestAt(text[from..], out id);
            if (length > 0)
            {
                return from;
            }

            from++;
        }
    }

    private static long Edge(int node, char character) => (long)node << 16 | character;

    private int LongestAt(ReadOnlySpan<char> text, out int id)
    {
        int longest = 0;
        int node = 0;
        id = -1;
        for (int i = 0; i < text.Length && _children.TryGetValue(Edge(node, text[i]), out node); i++)
        {
            if (_idOfNode[node] >= 0)
            {
                id = _idOfNode[node];
                longest = i + 1;
            }
        }

        return longest;
    }

    /// <summary>The hash of a long folds its halves by exclusive or, which sends edges of many nodes to the same place.</summary>
    private sealed class EdgeComparer : IEqualityComparer<long>
    {
        public static readonly EdgeComparer Instance = new();

        public bool Equals(long x, long y) => x == y;

        public int GetHashCode(long obj) => (int)((ulong)obj * 0x9E3779B97F4A7C15 >> 32);
    }
}
