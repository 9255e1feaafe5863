using System.Numerics;
using System.Runtime.CompilerServices;

namespace ManagedGemma.Tokenization;

/// <summary>
/// The merges of a byte-pair encoding: (left id, right id) to rank in a flat open-addressing table of 8-byte slots, and
/// rank to the merged id in an array. Beside them a bit filter over the pairs of characters at which merges join:
/// between two characters that no merge joins the text may be cut without changing the result. Filled once, then only
/// read, and safe for many readers.
/// </summary>
internal sealed class MergeTable
{
    /// <summary>The rank of a pair that does not merge.</summary>
    public const int NoRank = int.MaxValue;

    /// <summary>Ranks are below this: a slot has 40 bits for the pair and 24 for the rank.</summary>
    public const int MaxMerges = 1 << RankBits;

    private const int RankBits = 24;
    private const int IdBits = 20;
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    // No pair has both ids 2^20 - 1 (PieceTable.MaxIdCount), so all ones is free to mean "no entry".
    private const ulong Free = ulong.MaxValue;

    // 128 KiB for Gemma 3's 33,695 pairs of characters: 3 in 100 cuts are missed, which costs time only.
    private const int JoinBits = 20;

    private readonly ulong[] _joins = new ulong[1 << (JoinBits - 6)];

    // pair << 24 | rank; at most half full, so that a probe always ends.
    private ulong[] _slots = [];
    private int _slotShift;
    private int[] _results;

    /// <summary>Creates an empty table.</summary>
    /// <param name="expectedCount">About how many merges will be added; a wrong guess costs time only.</param>
    public MergeTable(int expectedCount)
    {
        expectedCount = Math.Clamp(expectedCount, 8, MaxMerges);
        _results = GC.AllocateUninitializedArray<int>(expectedCount);
        Resize(BitOperations.Log2((uint)expectedCount) + 1);
    }

    /// <summary>The number of merges.</summary>
    public int Count { get; private set; }

    /// <summary>Adds the merge of the next rank; there must be fewer than <see cref="MaxMerges"/>.</summary>
    /// <param name="left">The id of the left part, below <see cref="PieceTable.MaxIdCount"/>.</param>
    /// <param name="right">The id of the right part, below <see cref="PieceTable.MaxIdCount"/>.</param>
    /// <param name="result">The id of the two parts joined.</param>
    /// <param name="leftRune">The last character of the left part.</param>
    /// <param name="rightRune">The first character of the right part.</param>
    /// <returns>False, and nothing is changed, when the pair is there already.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryAdd(int left, int right, int result, int leftRune, int rightRune)
    {
        if ((Count + 1) * 2 > _slots.Length)
        {
            Resize(65 - _slotShift);
        }

        ulong pair = Pair(left, right);
        int at = (int)(pair * Multiplier >> _slotShift);
        while (_slots[at] != Free)
        {
            if (_slots[at] >> RankBits == pair)
            {
                return false;
            }

            at = (at + 1) & (_slots.Length - 1);
        }

        if (Count == _results.Length)
        {
            Array.Resize(ref _results, Count * 2);
        }

        _slots[at] = pair << RankBits | (uint)Count;
        _results[Count++] = result;
        ulong bit = JoinBit(leftRune, rightRune);
        _joins[bit >> 6] |= 1UL << (int)(bit & 63);
        return true;
    }

    /// <summary>Gives back the memory that growing left over.</summary>
    public void Trim() => Array.Resize(ref _results, Count);

    /// <summary>The rank of a pair, lower is merged first; <see cref="NoRank"/> when the pair does not merge.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int RankOf(int left, int right)
    {
        ulong pair = Pair(left, right);
        ulong[] slots = _slots;
        int at = (int)(pair * Multiplier >> _slotShift);
        while (true)
        {
            ulong slot = slots[at];
            if (slot >> RankBits == pair)
            {
                return (int)(slot & (MaxMerges - 1));
            }

            if (slot == Free)
            {
                return NoRank;
            }

            at = (at + 1) & (slots.Length - 1);
        }
    }

    /// <summary>The id that a merge of this rank gives.</summary>
    public int ResultOf(int rank) => _results[rank];

    /// <summary>
    /// Whether some merge may join its parts between these two characters. False is certain: every piece is built by
    /// merges from single characters, so no piece ever lies across such a place.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayJoin(int leftRune, int rightRune)
    {
        ulong bit = JoinBit(leftRune, rightRune);
        return (_joins[bit >> 6] >> (int)(bit & 63) & 1) != 0;
    }

    private static ulong Pair(int left, int right) => (ulong)(uint)left << IdBits | (uint)right;

    private static ulong JoinBit(int leftRune, int rightRune) =>
        ((ulong)(uint)leftRune << 21 | (uint)rightRune) * Multiplier >> (64 - JoinBits);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Resize(int slotBits)
    {
        ulong[] old = _slots;
        ulong[] slots = GC.AllocateUninitializedArray<ulong>(1 << slotBits);
        slots.AsSpan().Fill(Free);
        _slotShift = 64 - slotBits;
        foreach (ulong slot in old)
        {
            if (slot == Free)
            {
                continue;
            }

            int at = (int)((slot >> RankBits) * Multiplier >> _slotShift);
            while (slots[at] != Free)
            {
                at = (at + 1) & (slots.Length - 1);
            }

            slots[at] = slot;
        }

        _slots = slots;
    }
}
