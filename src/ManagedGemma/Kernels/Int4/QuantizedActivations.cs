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
/// Scales and sums, token beside token for the panel kernel, filled up with zeros to a multiple of 8, and group beside group for the row
/// kernel. Int16: a float scale a group and scale·Σq of each group. Int8: each half group's scale as an integer multiple m of the
/// token's unit, twice in a dword, Σ m·Σq of each group, and the units [token].
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

    /// <summary>Whether all is laid out for the row kernel (else for the panel kernel).</summary>
    public bool ForRowKernel { get; private set; }

    /// <summary>Panel form: tokens with what fills them up; elements from a group's (or half group's) scales and sums to the next's.</summary>
    public int PaddedTokens { get; private set; }

    private int Blocks => (Groups + 1) / 2;

    /// <summary>Int16: a scale; Int8: a multiple of each half.</summary>
    public int ScalesPerGroup => Type == ActivationType.Int16 ? 1 : HalvesPerGroup;

    /// <summary>Row form: dwords from a token's values to the next's.</summary>
    public nint RowValueDwords => (nint)Blocks * BlockDwords;

    /// <summary>Row form: dwords from a token's scales to the next's.</summary>
    public nint RowScaleDwords => RowGroups * ScalesPerGroup;

    /// <summary>Row form: floats from a token's sums to the next's, whole blocks.</summary>
    public int RowGroups => 2 * Blocks;

    /// <summary>Dwords of a block of one token's values.</summary>
    public int BlockDwords => BlockWords * (Type == ActivationType.Int16 ? 4 : 2);

    private int BlockBytes => BlockDwords * sizeof(int);

    /// <summary>Int8: [token], what a unit of m is worth.</summary>
    public float* Units { get; private set; }

    /// <summary>Tokens with what fills them up in panel form.</summary>
    public static int Padded(int tokens) => (tokens + TokenMultiple - 1) / TokenMultiple * TokenMultiple;

    /// <summary>Lays the memory out for [tokens, columns]; the old content is lost, what fills up is zero.</summary>
    /// <param name="tokens">At least 1.</param>
    /// <param name="columns">A multiple of 64.</param>
    /// <param name="forRowKernel">For which kernel.</param>
    public void Shape(int tokens, int columns, bool forRowKernel)
    {
        Tokens = tokens;
        Groups = columns / Int4Rows.GroupSize;
        ForRowKernel = forRowKernel;
        PaddedTokens = forRowKernel ? tokens : Padded(tokens);
        nuint values = (nuint)PaddedTokens * (nuint)Blocks * (nuint)BlockBytes;
        nuint scales = (nuint)PaddedTokens * (nuint)(RowGroups * ScalesPerGroup);
        nuint sums = (nuint)PaddedTokens * (nuint)RowGroups;
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

    /// <summary>A token's scales of a group as they are, <see cref="ScalesPerGroup"/> of them; in row form the next group's are beside them.</summary>
    public int* Scales(int token, int group) => (int*)_scales + Index(token, group * ScalesPerGroup, ScalesPerGroup);

    /// <summary>Int16: a token's scale of a group; the next group's is beside it (row form) or <see cref="PaddedTokens"/> further.</summary>
    public float* ScaleOf(int token, int group) => _scales + Index(token, group, 1);

    /// <summary>Int8: a token's multiple of a half group, twice in a dword; the next half's is beside it (row form) or <see cref="PaddedTokens"/> further.</summary>
    public int* MultipleOf(int token, int half) => (int*)_scales + Index(token, half, HalvesPerGroup);

    /// <summary>A token's sum of a group, scale·Σq (Int16) or Σ m·Σq of its halves (Int8); the next group's as with <see cref="ScaleOf"/>.</summary>
    public float* SumOf(int token, int group) => _sums + Index(token, group, 1);

    /// <summary>Sets scale and sum of one group of 16-bit values.</summary>
    /// <param name="token">The token.</param>
    /// <param name="group">The group.</param>
    /// <param name="scale">Its scale.</param>
    /// <param name="valueSum">Σq.</param>
    public void SetGroup(int token, int group, float scale, int valueSum)
    {
        *ScaleOf(token, group) = scale;
        *SumOf(token, group) = scale * valueSum;
    }

    /// <summary>Sets multiples and sum of one group of 8-bit values.</summary>
    /// <param name="token">The token.</param>
    /// <param name="group">The group.</param>
    /// <param name="first">The multiple of the first half.</param>
    /// <param name="firstSum">Its Σq.</param>
    /// <param name="second">The multiple of the second half.</param>
    /// <param name="secondSum">Its Σq.</param>
    public void SetHalves(int token, int group, int first, int firstSum, int second, int secondSum)
    {
        *MultipleOf(token, 2 * group) = first | (first << 16);
        *MultipleOf(token, (2 * group) + 1) = second | (second << 16);
        *SumOf(token, group) = (first * firstSum) + (second * secondSum);
    }

    /// <summary>Int8: sets a token's unit.</summary>
    public void SetUnit(int token, float unit) => Units[token] = unit;

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private nint Index(int token, int place, int perGroup) =>
        ForRowKernel ? ((nint)token * RowGroups * perGroup) + place : ((nint)place * PaddedTokens) + token;

    private void ClearToken(int token)
    {
        for (int block = 0; block < Blocks; block++)
        {
            new Span<byte>(Values(token, block), BlockBytes).Clear();
        }

        for (int i = 0; i < Groups * ScalesPerGroup; i++)
        {
            _scales[Index(token, i, ScalesPerGroup)] = 0;
        }

        for (int group = 0; group < Groups; group++)
        {
            *SumOf(token, group) = 0;
        }

        Units[token] = 0;
    }
}
