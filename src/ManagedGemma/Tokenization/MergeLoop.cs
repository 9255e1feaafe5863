using System.Buffers;

namespace ManagedGemma.Tokenization;

/// <summary>
/// Byte-pair merging in place: of all adjacent pairs the one of the lowest rank is merged, the leftmost of equals, until
/// no pair merges. Two algorithms with the same result.
/// </summary>
internal static class MergeLoop
{
    /// <summary>Up to this many symbols the scan is used. Measured: the two are level at about 40 symbols.</summary>
    internal const int LongestScan = 32;

    /// <summary>Merges a run of symbols.</summary>
    /// <param name="symbols">Ids of single characters; on return its head holds the merged ids.</param>
    /// <param name="merges">The merges.</param>
    /// <returns>The number of ids left.</returns>
    public static int Run(Span<int> symbols, MergeTable merges) => symbols.Length switch
    {
        < 2 => symbols.Length,
        <= LongestScan => RunScan(symbols, merges),
        _ => RunHeap(symbols, merges),
    };

    /// <summary>Looks through all ranks for each merge and closes the gap: O(n²), and quickest for words.</summary>
    internal static int RunScan(Span<int> symbols, MergeTable merges)
    {
        int count = symbols.Length;
        Span<int> ranks = count <= LongestScan ? stackalloc int[LongestScan] : new int[count];
        for (int i = 0; i + 1 < count; i++)
        {
            ranks[i] = merges.RankOf(symbols[i], symbols[i + 1]);
        }

        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
            {
                if (ranks[i] < ranks[best])
                {
                    best = i;
                }
            }

            if (ranks[best] == MergeTable.NoRank)
            {
                break;
            }

            symbols[best] = merges.ResultOf(ranks[best]);
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            ranks[(best + 1)..(count - 1)].CopyTo(ranks[best..]);
            count--;
            if (best > 0)
            {
                ranks[best - 1] = merges.RankOf(symbols[best - 1], symbols[best]);
            }

            if (best + 1 < count)
            {
                ranks[best] = merges.RankOf(symbols[best], symbols[best + 1]);
            }
        }

        return count;
    }

    /// <summary>A heap of (rank, position) over a linked list of symbols: O(n log n) for text of any length.</summary>
    internal static int RunHeap(Span<int> symbols, MergeTable merges)
    {
        int count = symbols.Length;
        int[] rented = ArrayPool<int>.Shared.Rent(checked(3 * count));
        Span<int> next = rented.AsSpan(0, count);
        Span<int> previous = rented.AsSpan(count, count);

        // The rank of the pair that begins at a symbol: an entry of the heap is stale when its rank is another.
        Span<int> ranks = rented.AsSpan(2 * count, count);
        PairHeap heap = new(count);
        try
        {
            for (int i = 0; i < count; i++)
            {
                next[i] = i + 1;
                previous[i] = i - 1;
                ranks[i] = i + 1 < count ? merges.RankOf(symbols[i], symbols[i + 1]) : MergeTable.NoRank;
                if (ranks[i] != MergeTable.NoRank)
                {
                    heap.Append(ranks[i], i);
                }
            }

            heap.Order();
            while (heap.TryPop(out int rank, out int at))
            {
                if (ranks[at] != rank)
                {
                    continue;
                }

                int gone = next[at];
                symbols[at] = merges.ResultOf(rank);
                ranks[gone] = MergeTable.NoRank;
                next[at] = next[gone];
                if (next[at] < count)
                {
                    previous[next[at]] = at;
                }

                Rerank(at, symbols, next, ranks, merges, ref heap);
                if (previous[at] >= 0)
                {
                    Rerank(previous[at], symbols, next, ranks, merges, ref heap);
                }
            }

            int kept = 0;
            for (int at = 0; at < count; at = next[at])
            {
                symbols[kept++] = symbols[at];
            }

            return kept;
        }
        finally
        {
            heap.Release();
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private static void Rerank(int at, Span<int> symbols, Span<int> next, Span<int> ranks, MergeTable merges, ref PairHeap heap)
    {
        int rank = next[at] < symbols.Length ? merges.RankOf(symbols[at], symbols[next[at]]) : MergeTable.NoRank;
        ranks[at] = rank;
        if (rank != MergeTable.NoRank)
        {
            heap.Push(rank, at);
        }
    }

    /// <summary>A binary min-heap of rank &lt;&lt; 32 | position, so that the order of the numbers is the order of the merges.</summary>
    private struct PairHeap(int capacity)
    {
        private ulong[] _entries = ArrayPool<ulong>.Shared.Rent(capacity);
        private int _count;

        /// <summary>Adds without ordering; <see cref="Order"/> must follow.</summary>
        public void Append(int rank, int position) => _entries[_count++] = (ulong)(uint)rank << 32 | (uint)position;

        public void Order()
        {
            for (int i = _count / 2 - 1; i >= 0; i--)
            {
                SiftDown(i, _entries[i]);
            }
        }

        public void Push(int rank, int position)
        {
            if (_count == _entries.Length)
            {
                ulong[] grown = ArrayPool<ulong>.Shared.Rent(checked(_count * 2));
                _entries.AsSpan(0, _count).CopyTo(grown);
                ArrayPool<ulong>.Shared.Return(_entries);
                _entries = grown;
            }

            ulong entry = (ulong)(uint)rank << 32 | (uint)position;
            int at = _count++;
            while (at > 0 && _entries[(at - 1) / 2] > entry)
            {
                _entries[at] = _entries[(at - 1) / 2];
                at = (at - 1) / 2;
            }

            _entries[at] = entry;
        }

        public bool TryPop(out int rank, out int position)
        {
            if (_count == 0)
            {
                rank = position = 0;
                return false;
            }

            rank = (int)(_entries[0] >> 32);
            position = (int)(uint)_entries[0];
            ulong last = _entries[--_count];
            if (_count > 0)
            {
                SiftDown(0, last);
            }

            return true;
        }

        public void Release()
        {
            ArrayPool<ulong>.Shared.Return(_entries);
            _entries = [];
        }

        private readonly void SiftDown(int at, ulong entry)
        {
            ulong[] entries = _entries;
            while (true)
            {
                int child = 2 * at + 1;
                if (child >= _count)
                {
                    break;
                }

                if (child + 1 < _count && entries[child + 1] < entries[child])
                {
                    child++;
                }

                if (entries[child] >= entry)
                {
                    break;
                }

                entries[at] = entries[child];
                at = child;
            }

            entries[at] = entry;
        }
    }
}
