using ManagedGemma.Memory;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Activations of some tokens as integers with scales, laid out so that both kernels read them as the weights lie.
/// <para>
/// Values, token by token, in blocks of two groups (16 words of 8 weights; an odd last group is filled up with zeros).
/// Int16: for i in 0..3, for word w in 0..15, a dword with elements (8w+i, 8w+i+4): what <c>(word >> 4i) &amp; 0x000F000F</c>
/// meets. Int8: for w in 0..15 a dword with elements 8w + (0,2,4,6), then for w in 0..15 with 8w + (1,3,5,7): what
/// <c>word &amp; 0x0F0F0F0F</c> and <c>(word >> 4) &amp; 0x0F0F0F0F</c> meet.
/// </para>
/// <para>
/// Scales and sums, in one of two forms. For the panel kernel, in tiles of 4 tokens: a scale per 32 elements
/// [tile][half group][4] and scale·Σq per group [tile][group][4]; tokens that fill up the last tile are zeros.
/// For the row kernel, token by token: the scale and scale·Σq of each word.
/// </para>
/// </summary>
internal sealed unsafe class QuantizedActivations : IDisposable
{
    /// <summary>Tokens in a tile of the panel kernel.</summary>
    public const int TileTokens = 4;

    private const int BlockWords = 2 * Int4Rows.GroupWords;

    private NativeBuffer _memory = NativeBuffer.Empty;

    /// <summary>Room for activations of a type; <see cref="Shape"/> says how many.</summary>
    public QuantizedActivations(ActivationType type) => Type = type;

    /// <summary>What the values are.</summary>
    public ActivationType Type { get; }

    /// <summary>Tokens held.</summary>
    public int Tokens { get; private set; }

    /// <summary>Groups of 64 in a token's row.</summary>
    public int Groups { get; private set; }

    /// <summary>Whether scales and sums are laid out for the row kernel (else for the panel kernel).</summary>
    public bool ForRowKernel { get; private set; }

    /// <summary>Tiles of 4 tokens, the last filled up.</summary>
    public int Tiles => (Tokens + TileTokens - 1) / TileTokens;

    /// <summary>Bytes of one token's values.</summary>
    public int ValueStride { get; private set; }

    /// <summary>Words in a token's row, filled up to whole blocks.</summary>
    public int Words { get; private set; }

    private byte* ValuesStart { get; set; }

    private float* ScalesStart { get; set; }

    private float* SumsStart { get; set; }

    /// <summary>Lays the memory out for [tokens, columns]; the old content is lost, what fills up is zero.</summary>
    /// <param name="tokens">At least 1.</param>
    /// <param name="columns">A multiple of 64.</param>
    /// <param name="forRowKernel">The form of scales and sums.</param>
    public void Shape(int tokens, int columns, bool forRowKernel)
    {
        Tokens = tokens;
        Groups = columns / Int4Rows.GroupSize;
        ForRowKernel = forRowKernel;
        Words = (Groups + 1) / 2 * BlockWords;
        ValueStride = Words * (Type == ActivationType.Int16 ? 16 : 8);
        int rows = forRowKernel ? tokens : Tiles * TileTokens;
        int scalesPerRow = forRowKernel ? Words : 2 * Groups;
        int sumsPerRow = forRowKernel ? Words : Groups;
        nuint values = (nuint)rows * (nuint)ValueStride;
        nuint scales = (nuint)rows * (nuint)scalesPerRow * sizeof(float);
        nuint sums = (nuint)rows * (nuint)sumsPerRow * sizeof(float);
        if (_memory.ByteLength < values + scales + sums)
        {
            _memory.Dispose();
            _memory = new NativeBuffer(values + scales + sums);
        }

        ValuesStart = _memory.Pointer;
        ScalesStart = (float*)(ValuesStart + values);
        SumsStart = (float*)(ValuesStart + values + scales);
        ClearFill(rows, scalesPerRow, sumsPerRow);
    }

    /// <summary>A token's values.</summary>
    public byte* Values(int token) => ValuesStart + ((nint)token * ValueStride);

    /// <summary>Row form: a token's scales, one a word.</summary>
    public float* WordScales(int token) => ScalesStart + ((nint)token * Words);

    /// <summary>Row form: a token's scale·Σq, one a word.</summary>
    public float* WordSums(int token) => SumsStart + ((nint)token * Words);

    /// <summary>Panel form: a tile's scales, [2·Groups][4].</summary>
    public float* TileScales(int tile) => ScalesStart + ((nint)tile * TileTokens * 2 * Groups);

    /// <summary>Panel form: a tile's scale·Σq, [Groups][4].</summary>
    public float* TileSums(int tile) => SumsStart + ((nint)tile * TileTokens * Groups);

    /// <summary>Sets the scale of one run of words (a group for Int16, half a group for Int8) in the form that is laid out.</summary>
    public void SetScale(int token, int firstWord, int words, float scale)
    {
        if (ForRowKernel)
        {
            new Span<float>(WordScales(token) + firstWord, words).Fill(scale);
            return;
        }

        float* scales = TileScales(token / TileTokens) + (token % TileTokens);
        for (int half = firstWord / 4; half < (firstWord + words) / 4; half++)
        {
            scales[half * TileTokens] = scale;
        }
    }

    /// <summary>Sets the sums of one group in the form that is laid out.</summary>
    /// <param name="token">The token.</param>
    /// <param name="group">The group.</param>
    /// <param name="firstScale">The scale of the group's first half.</param>
    /// <param name="secondScale">The scale of its second half.</param>
    /// <param name="wordSums">Σq of each of its 8 words.</param>
    public void SetSums(int token, int group, float firstScale, float secondScale, int* wordSums)
    {
        if (ForRowKernel)
        {
            float* sums = WordSums(token) + (group * Int4Rows.GroupWords);
            for (int word = 0; word < Int4Rows.GroupWords; word++)
            {
                sums[word] = (word < 4 ? firstScale : secondScale) * wordSums[word];
            }

            return;
        }

        int first = wordSums[0] + wordSums[1] + wordSums[2] + wordSums[3];
        int second = wordSums[4] + wordSums[5] + wordSums[6] + wordSums[7];
        TileSums(token / TileTokens)[(group * TileTokens) + (token % TileTokens)] =
            Type == ActivationType.Int16 ? firstScale * (first + second) : (firstScale * first) + (secondScale * second);
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private void ClearFill(int rows, int scalesPerRow, int sumsPerRow)
    {
        // Odd group counts leave half a block a row; it is simplest and rare (no real model has one) to clear all.
        bool oddGroups = (Groups & 1) != 0;
        int firstRow = oddGroups ? 0 : Tokens;
        new Span<byte>(ValuesStart + ((nint)firstRow * ValueStride), checked((rows - firstRow) * ValueStride)).Clear();
        if (oddGroups || !ForRowKernel)
        {
            int firstTile = oddGroups || ForRowKernel ? 0 : Tokens / TileTokens * TileTokens;
            new Span<float>(ScalesStart + ((nint)firstTile * scalesPerRow), checked((rows - firstTile) * scalesPerRow)).Clear();
            new Span<float>(SumsStart + ((nint)firstTile * sumsPerRow), checked((rows - firstTile) * sumsPerRow)).Clear();
        }
    }
}
