using System.Runtime.InteropServices;
using ManagedGemma.Memory;

namespace ManagedGemma.Kernels.Int4;

/// <summary>
/// Activations of some tokens as integers with scales, laid out so that both kernels read them as the weights lie.
/// <para>
/// Values, in blocks of two groups (16 words of 8 weights; an odd last group is filled up with zeros), token by token for the row
/// kernel, and in tiles of 8 tokens [tile][block][token] for the panel kernel, so that one pointer walks a tile.
/// Int16: for i in 0..3, for word w in 0..15, a dword with elements (8w+i, 8w+i+4): what <c>(word >> 4i) &amp; 0x000F000F</c>
/// meets. Int8: for w in 0..15 a dword with elements 8w + (0,2,4,6), then for w in 0..15 with 8w + (1,3,5,7): what
/// <c>word &amp; 0x0F0F0F0F</c> and <c>(word >> 4) &amp; 0x0F0F0F0F</c> meet.
/// </para>
/// <para>
/// Scales and sums, in one of two forms. For the panel kernel, token beside token and filled up with zeros to a multiple of 8.
/// Int16: a float scale a group [group][token] and scale·Σq [group][token]. Int8: each half group's scale as an integer multiple m of
/// the token's unit, twice in a dword [half group][token], Σ m·Σq of each group [group][token], and the units [token]. For the
/// row kernel, token by token, and small, since they share the first-level cache with the values: the scale of each half group (with Int16
/// a group's, twice) and scale·Σq of each group, 32 groups at a time, the even ones before the odd ones, as a vector of pairs of 16-bit
/// biases splits.
/// </para>
/// </summary>
internal sealed unsafe class QuantizedActivations : IDisposable
{
    /// <summary>Tokens beside each other are filled up to a multiple of this, the widest tile of a panel kernel.</summary>
    public const int TokenMultiple = 8;

    private const int BlockWords = 2 * Int4Rows.GroupWords;

    private const int HalvesPerGroup = 2;

    private NativeBuffer _memory = NativeBuffer.Empty;
    private byte* _values;
    private float* _scales;
    private float* _sums;

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

    /// <summary>Panel form: tokens with what fills them up; the stride of scales and sums.</summary>
    public int PaddedTokens { get; private set; }

    private int Blocks => (Groups + 1) / 2;

    // Scales of a group in panel form.
    private int ScalesPerGroup => Type == ActivationType.Int16 ? 1 : HalvesPerGroup;

    /// <summary>Row form: dwords from a token's values to the next's.</summary>
    public nint RowValueDwords => (nint)Blocks * BlockBytes / sizeof(int);

    /// <summary>Row form: a token's scales, with what fills them up, so floats from a token's to the next's.</summary>
    public int RowScales => Blocks * 2 * HalvesPerGroup;

    // Row form: a token's sums, with what fills them up.
    private int RowSums => (Groups + Int4Rows.SumGroups - 1) / Int4Rows.SumGroups * Int4Rows.SumGroups;

    /// <summary>Bytes of a block of one token's values.</summary>
    public int BlockBytes => BlockWords * (Type == ActivationType.Int16 ? 16 : 8);

    /// <summary>Panel form of Int8: [token], what a unit of m is worth.</summary>
    public float* Units { get; private set; }

    /// <summary>Tokens with what fills them up in panel form.</summary>
    public static int Padded(int tokens) => (tokens + TokenMultiple - 1) / TokenMultiple * TokenMultiple;

    /// <summary>Lays the memory out for [tokens, columns]; the old content is lost, what fills up is zero.</summary>
    /// <param name="tokens">At least 1.</param>
    /// <param name="columns">A multiple of 64.</param>
    /// <param name="forRowKernel">The form of scales and sums.</param>
    public void Shape(int tokens, int columns, bool forRowKernel)
    {
        Tokens = tokens;
        Groups = columns / Int4Rows.GroupSize;
        ForRowKernel = forRowKernel;
        PaddedTokens = forRowKernel ? tokens : Padded(tokens);
        nuint values = (nuint)PaddedTokens * (nuint)Blocks * (nuint)BlockBytes;
        nuint scales = (nuint)PaddedTokens * (nuint)(forRowKernel ? RowScales : Groups * ScalesPerGroup);
        nuint sums = (nuint)PaddedTokens * (nuint)(forRowKernel ? RowSums : Groups);
        nuint bytes = values + ((scales + sums + (nuint)PaddedTokens) * sizeof(float));
        if (_memory.ByteLength < bytes)
        {
            _memory.Dispose();
            _memory = new NativeBuffer(bytes);
        }

        _values = _memory.Pointer;
        _scales = (float*)(_values + values);
        _sums = _scales + scales;
        Units = _sums + sums;
        if ((Groups & 1) != 0)
        {
            // Half a block a row is filled up; no real model has such a width, so all is cleared.
            NativeMemory.Clear(_memory.Pointer, bytes);
        }
        else if (forRowKernel)
        {
            NativeMemory.Clear(_sums, sums * sizeof(float));
        }
        else
        {
            for (int token = tokens; token < PaddedTokens; token++)
            {
                ClearToken(token);
            }
        }
    }

    /// <summary>A block of a token's values. Row form: the token's next block follows; panel form: the next token's same block.</summary>
    public byte* Values(int token, int block) =>
        ForRowKernel
            ? _values + ((((nint)token * Blocks) + block) * BlockBytes)
            : _values + ((((((nint)token / TokenMultiple) * Blocks) + block) * TokenMultiple) + (token % TokenMultiple)) * BlockBytes;

    /// <summary>Row form: a token's scales, one a half group.</summary>
    public float* RowScalesOf(int token) => _scales + ((nint)token * RowScales);

    /// <summary>Row form: a token's scale·Σq of each group: where, says <see cref="SumIndex"/>; zero beyond the last.</summary>
    public float* RowSumsOf(int token) => _sums + ((nint)token * RowSums);

    /// <summary>Row form: where a group's sum lies.</summary>
    public static int SumIndex(int group)
    {
        int inner = group % Int4Rows.SumGroups;
        return group - inner + (inner % 2 * (Int4Rows.SumGroups / 2)) + (inner / 2);
    }

    /// <summary>Panel form of Int16: a group's scales, [token].</summary>
    public float* GroupScales(int group) => _scales + ((nint)group * PaddedTokens);

    /// <summary>Panel form of Int8: a half group's multiples, each twice in a dword, [token].</summary>
    public int* HalfScales(int half) => (int*)_scales + ((nint)half * PaddedTokens);

    /// <summary>Panel form: a group's sums, [token]: scale·Σq (Int16) or Σ m·Σq of its halves (Int8).</summary>
    public float* GroupSums(int group) => _sums + ((nint)group * PaddedTokens);

    /// <summary>Sets scale and sums of one group of 16-bit values in the form that is laid out.</summary>
    /// <param name="token">The token.</param>
    /// <param name="group">The group.</param>
    /// <param name="scale">Its scale.</param>
    /// <param name="valueSum">Σq.</param>
    public void SetGroup(int token, int group, float scale, int valueSum)
    {
        float sum = scale * valueSum;
        if (ForRowKernel)
        {
            SetRow(token, group, scale, scale, sum);
            return;
        }

        GroupScales(group)[token] = scale;
        GroupSums(group)[token] = sum;
    }

    /// <summary>Sets scales and sums of one group of 8-bit values in the form that is laid out.</summary>
    /// <param name="token">The token.</param>
    /// <param name="group">The group.</param>
    /// <param name="unit">What a unit of the multiples is worth.</param>
    /// <param name="first">The multiple of the first half.</param>
    /// <param name="firstSum">Its Σq.</param>
    /// <param name="second">The multiple of the second half.</param>
    /// <param name="secondSum">Its Σq.</param>
    public void SetHalves(int token, int group, float unit, int first, int firstSum, int second, int secondSum)
    {
        float sum = (first * firstSum) + (second * secondSum);
        if (ForRowKernel)
        {
            SetRow(token, group, unit * first, unit * second, unit * sum);
            return;
        }

        HalfScales(2 * group)[token] = first | (first << 16);
        HalfScales((2 * group) + 1)[token] = second | (second << 16);
        GroupSums(group)[token] = sum;
    }

    /// <summary>Panel form of Int8: sets a token's unit.</summary>
    public void SetUnit(int token, float unit) => Units[token] = unit;

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private void SetRow(int token, int group, float first, float second, float sum)
    {
        float* scales = RowScalesOf(token) + (HalvesPerGroup * group);
        scales[0] = first;
        scales[1] = second;
        RowSumsOf(token)[SumIndex(group)] = sum;
    }

    private void ClearToken(int token)
    {
        for (int block = 0; block < Blocks; block++)
        {
            new Span<byte>(Values(token, block), BlockBytes).Clear();
        }

        for (int i = 0; i < Groups * ScalesPerGroup; i++)
        {
            _scales[((nint)i * PaddedTokens) + token] = 0;
        }

        for (int group = 0; group < Groups; group++)
        {
            GroupSums(group)[token] = 0;
        }

        Units[token] = 0;
    }
}
