namespace ManagedGemma.Model;

/// <summary>
/// Keys and values of one layer for one sequence, in pages of 32 tokens that are added as it grows. A page holds, for each key
/// head, its keys transposed, [head_dim][32], as the float product wants them; then the values as they come, [32][key size].
/// A layer that sees a window keeps the pages of its window, a ring: what lies before it goes, and its memory is used again.
/// </summary>
/// <param name="shape">Heads.</param>
/// <param name="window">Keys that a query sees at most, itself included.</param>
internal sealed unsafe class KeyValues(AttentionShape shape, int window = int.MaxValue) : IDisposable
{
    /// <summary>Tokens of a page.</summary>
    public const int PageTokens = 32;

    // How far a sequence may be set back: then its window begins earlier.
    private const int Slack = PageTokens;

    private readonly List<KeyValuePage> _pages = [];
    private KeyValuePage? _spare;
    private int _firstPage;

    /// <summary>The first position that is kept.</summary>
    public int FirstPosition => _firstPage * PageTokens;

    /// <summary>Bytes of all pages, those that other sequences share included.</summary>
    public long ByteLength => _pages.Sum(page => page.ByteLength) + (_spare?.ByteLength ?? 0);

    /// <summary>Bytes of keys and values of a token.</summary>
    public static long TokenBytes(AttentionShape shape) => 2L * shape.KeySize * sizeof(float);

    /// <summary>Pages for a number of tokens.</summary>
    public static int Pages(int tokens) => (tokens + PageTokens - 1) / PageTokens;

    /// <summary>
    /// Makes room to write positions <paramref name="start"/> .. <paramref name="end"/> − 1: what is there before them stays, as far as
    /// they see it.
    /// </summary>
    public void Reserve(int start, int end)
    {
        DropBefore(FirstVisible(start));
        for (int page = Math.Max(start / PageTokens, _firstPage) - _firstPage; page < _pages.Count; page++)
        {
            if (_pages[page].IsShared)
            {
                KeyValuePage own = _pages[page].Copy();
                _pages[page].Release();
                _pages[page] = own;
            }
        }

        while (_firstPage + _pages.Count < Pages(end))
        {
            _pages.Add(_spare ?? new KeyValuePage(2L * shape.KeySize * PageTokens));
            _spare = null;
        }
    }

    /// <summary>Whether the sequence may go on from a position that lies before its end: whether all that is seen from there is kept.</summary>
    public bool CanContinueAt(int position) => FirstPosition <= Math.Max(0L, (long)position - window + 1);

    /// <summary>A sequence that begins with this one's first tokens and shares their pages.</summary>
    public KeyValues Fork(int length)
    {
        KeyValues fork = new(shape, window) { _firstPage = _firstPage };
        int count = Math.Max(0, Pages(length) - _firstPage);
        fork._pages.AddRange(_pages.Take(count).Select(page => page.Share()));
        return fork;
    }

    /// <summary>Empties it, to be filled from a position on.</summary>
    public void BeginAt(int position) => _firstPage = position / PageTokens;

    /// <summary>The first position of those that a sequence of some length keeps.</summary>
    public int FirstKept(int length) => FirstVisible(length) / PageTokens * PageTokens;

    /// <summary>A head's keys of a page, [head_dim][32].</summary>
    public float* Keys(int keyHead, int page) => _pages[page - _firstPage].Floats + ((nint)keyHead * shape.HeadDim * PageTokens);

    /// <summary>A page's values, [32][key size].</summary>
    public float* Values(int page) => _pages[page - _firstPage].Floats + ((nint)shape.KeySize * PageTokens);

    /// <summary>Copies the keys of a position, head beside head: [key size].</summary>
    public void ReadKey(int position, Span<float> key)
    {
        float* keys = Keys(0, position / PageTokens) + (position % PageTokens);
        for (int i = 0; i < shape.KeySize; i++)
        {
            key[i] = keys[i * PageTokens];
        }
    }

    /// <summary>Copies the values of a position, head beside head: [key size].</summary>
    public void ReadValue(int position, Span<float> value) => ValueOf(position).CopyTo(value);

    /// <summary>Sets the keys of a position for which there is room, as <see cref="ReadKey"/> gives them.</summary>
    public void WriteKey(int position, ReadOnlySpan<float> key)
    {
        float* keys = Keys(0, position / PageTokens) + (position % PageTokens);
        for (int i = 0; i < shape.KeySize; i++)
        {
            keys[i * PageTokens] = key[i];
        }
    }

    /// <summary>Sets the values of a position for which there is room.</summary>
    public void WriteValue(int position, ReadOnlySpan<float> value) => value.CopyTo(ValueOf(position));

    /// <inheritdoc/>
    public void Dispose()
    {
        _pages.ForEach(page => page.Release());
        _pages.Clear();
        _spare?.Release();
        _spare = null;
    }

    private Span<float> ValueOf(int position) =>
        new(Values(position / PageTokens) + ((nint)(position % PageTokens) * shape.KeySize), shape.KeySize);

    // What a query at a position sees, with the slack.
    private int FirstVisible(int position) => (int)Math.Max(0L, (long)position - window + 1 - Slack);

    private void DropBefore(int position)
    {
        int count = Math.Min((position / PageTokens) - _firstPage, _pages.Count);
        for (int i = 0; i < count; i++)
        {
            if (_spare is null && !_pages[i].IsShared)
            {
                _spare = _pages[i];
            }
            else
            {
                _pages[i].Release();
            }
        }

        if (count > 0)
        {
            _pages.RemoveRange(0, count);
            _firstPage += count;
        }
    }
}
