using ManagedGemma.Memory;

namespace ManagedGemma.Model;

/// <summary>
/// Keys and values of one layer for one sequence, in pages of 32 tokens that are added as it grows. A page holds, for each key
/// head, its keys transposed, [head_dim][32], as the float product wants them; then the values as they come, [32][key size].
/// </summary>
internal sealed unsafe class KeyValues(AttentionShape shape) : IDisposable
{
    /// <summary>Tokens of a page.</summary>
    public const int PageTokens = 32;

    private readonly List<NativeBuffer> _pages = [];

    /// <summary>Pages for a number of tokens.</summary>
    public static int Pages(int tokens) => (tokens + PageTokens - 1) / PageTokens;

    /// <summary>Makes room for positions 0 .. <paramref name="tokens"/> − 1; what is there stays.</summary>
    public void Reserve(int tokens)
    {
        while (_pages.Count < Pages(tokens))
        {
            NativeBuffer page = NativeBuffer.OfFloats(2L * shape.KeySize * PageTokens);

            // Columns past the last token take part in products whose results are not used: they must be ordinary numbers.
            page.Clear();
            _pages.Add(page);
        }
    }

    /// <summary>A head's keys of a page, [head_dim][32].</summary>
    public float* Keys(int keyHead, int page) => _pages[page].Floats + ((nint)keyHead * shape.HeadDim * PageTokens);

    /// <summary>A page's values, [32][key size].</summary>
    public float* Values(int page) => _pages[page].Floats + ((nint)shape.KeySize * PageTokens);

    /// <inheritdoc/>
    public void Dispose() => _pages.ForEach(page => page.Dispose());
}
