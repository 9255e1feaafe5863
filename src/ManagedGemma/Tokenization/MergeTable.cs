using System.Numerics;
using System.Runtime.CompilerServices;

namespace ManagedGemma.Tokenization;

/// <summary>
/// The merges of a byte-pair encoding: (left id, right id) to rank in a flat open-addressing table of 8-byte slots, and
/// rank to the merged id in an array. Beside them a bit filter over the pairs of characters at which merges join:
/// between two characters that no merge joins the text may be cut without changing the result. Immutable.
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

    // pair << 24 | rank; at most half full.
    private readonly ulong[] _slots;
    private readonly int _slotShift;
    private readonly int[] _results;
    private readonly ulong[] _joins;
    private readonly int _joinShift;

    private MergeTable(int count)
    {
        int slotBits = Math.Max(4, BitOperations.Log2((uint)Math.Max(1, count)) + 2);
        _slots = new ulong[1 << slotBits];
        _slots.AsSpan().Fill(Free);
        _slotShift = 64 - slotBits;
        _results = new int[count];

        // Gemma 3: 2^20 bits for 33,695 character pairs, so 3 in 100 cuts are missed, which costs time only.
        int joinBits = Math.Max(8, slotBits);
        _joins = new ulong[1 << (joinBits - 6)];
        _joinShift = 64 - joinBits;
    }

    /// <summary>The number of merges.</summary>
    public int Count => _results.Length;

    /// <summary>Builds the table.</summary>
    /// <param name="merges">The merges, best first; ids below <see cref="PieceTable.MaxIdCount"/>, at most <see cref="MaxMerges"/> of them.</param>
    /// <param name="duplicate">The index of the first merge whose pair came before, or -1.</param>
    public static MergeTable Create(ReadOnlySpan<Merge> merges, out int duplicate)
    {
        duplicate = -1;
        MergeTable table = new(merges.Length);
        for (int rank = 0; rank < merges.Length; rank++)
        {
            Merge merge = merges[rank];
            if (!table.TryAdd(merge, rank))
            {
                duplicate = rank;
                return table;
            }
        }

        return table;
    }

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

    private ulong JoinBit(int leftRune, int rightRune) => ((ulong)(uint)leftRune << 21 | (uint)rightRune) * Multiplier >> _joinShift;

    private bool TryAdd(Merge merge, int rank)
    {
        ulong pair = Pair(merge.Left, merge.Right);
        int at = (int)(pair * Multiplier >> _slotShift);
        while (_slots[at] != Free)
        {
            if (_slots[at] >> RankBits == pair)
            {
                return false;
            }

            at = (at + 1) & (_slots.Length - 1);
        }

        _slots[at] = pair << RankBits | (uint)rank;
        _results[rank] = merge.Result;
        ulong bit = JoinBit(merge.LeftRune, merge.RightRune);
        _joins[bit >> 6] |= 1UL << (int)(bit & 63);
        return true;
    }

    /// <summary>One merge.</summary>
    /// <param name="Left">The id of the left part.</param>
    /// <param name="Right">The id of the right part.</param>
    /// <param name="Result">The id of the two parts joined.</param>
    /// <param name="LeftRune">The last character of the left part.</param>
    /// <param name="RightRune">The first character of the right part.</param>
    internal readonly record struct Merge(int Left, int Right, int Result, int LeftRune, int RightRune);
}
