using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ManagedGemma.Tokenization;

/// <summary>
/// The vocabulary: pieces as UTF-8 in one pool, found by id through an array of places and by text through an
/// open-addressing table. No string is kept alive. Filled once, then only read, and safe for many readers.
/// </summary>
internal sealed class PieceTable
{
    /// <summary>Ids are below this, so that a pair of ids fits in 40 bits with one value to spare (see <see cref="MergeTable"/>).</summary>
    public const int MaxIdCount = (1 << 20) - 1;

    /// <summary>The longest piece, in UTF-8 bytes.</summary>
    public const int MaxPieceBytes = ushort.MaxValue;

    private const int InitialSlots = 1024;

    // An entry is the id (4 bytes), the length (2 bytes), and the piece: a look-up touches the slot and the entry, which
    // are two misses of the cache and most of the time that merges take to load. Place 0 is left free.
    private const int EntryHeader = 6;

    private byte[] _pool = new byte[4096];
    private int _poolLength = EntryHeader;

    // Id to its entry's place in the pool; 0 marks an id without a piece.
    private int[] _places = new int[256];

    // hash << 32 | place in the pool, 0 where free; at most 5/8 full, so that a probe always ends. (Gemma 3's 2^18 + 1 pieces fill half of
    // 2^19 slots.)
    private ulong[] _slots = new ulong[InitialSlots];

    /// <summary>The number of pieces.</summary>
    public int Count { get; private set; }

    /// <summary>The highest id that has a piece, plus one.</summary>
    public int IdCount { get; private set; }

    /// <summary>Adds a piece under an id in [0, <see cref="MaxIdCount"/>) that is free.</summary>
    /// <param name="piece">1 to <see cref="MaxPieceBytes"/> bytes of UTF-8.</param>
    /// <param name="id">The id; the caller has checked <see cref="HasId"/>.</param>
    /// <returns>False, and nothing is changed, when the piece is there already.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryAdd(ReadOnlySpan<byte> piece, int id)
    {
        if (Count * 8L >= _slots.Length * 5L)
        {
            GrowSlots();
        }

        uint hash = Hash(piece);
        int mask = _slots.Length - 1;
        int at = (int)(hash & (uint)mask);
        while (_slots[at] != 0)
        {
            if (Holds(_slots[at], hash, piece))
            {
                return false;
            }

            at = (at + 1) & mask;
        }

        if (id >= _places.Length)
        {
            Array.Resize(ref _places, Math.Max(id + 1, Math.Min(_places.Length * 2, MaxIdCount)));
        }

        int needed = EntryHeader + piece.Length;
        if (needed > _pool.Length - _poolLength)
        {
            Array.Resize(ref _pool, (int)Math.Min(Array.MaxLength, Math.Max(_pool.Length * 2L, _poolLength + (long)needed)));
        }

        _slots[at] = (ulong)hash << 32 | (uint)_poolLength;
        Span<byte> entry = _pool.AsSpan(_poolLength, needed);
        MemoryMarshal.Write(entry, id);
        MemoryMarshal.Write(entry[4..], (ushort)piece.Length);
        piece.CopyTo(entry[EntryHeader..]);
        _places[id] = _poolLength;
        _poolLength += needed;
        Count++;
        IdCount = Math.Max(IdCount, id + 1);
        return true;
    }

    /// <summary>Gives back the memory that growing left over.</summary>
    public void Trim()
    {
        if (_pool.Length - _poolLength > _poolLength / 4)
        {
            Array.Resize(ref _pool, _poolLength);
        }

        Array.Resize(ref _places, IdCount);
    }

    /// <summary>Whether a piece has this id; any number may be asked for.</summary>
    public bool HasId(int id) => (uint)id < (uint)IdCount && _places[id] != 0;

    /// <summary>The piece with this id as UTF-8; empty where there is none.</summary>
    public ReadOnlySpan<byte> Utf8Of(int id) => HasId(id) ? PieceAt(_places[id]) : default;

    /// <summary>The id of a piece, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Find(ReadOnlySpan<byte> piece)
    {
        uint hash = Hash(piece);
        int mask = _slots.Length - 1;
        int at = (int)(hash & (uint)mask);
        while (_slots[at] != 0)
        {
            if (Holds(_slots[at], hash, piece))
            {
                return MemoryMarshal.Read<int>(_pool.AsSpan((int)(uint)_slots[at]));
            }

            at = (at + 1) & mask;
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Holds(ulong slot, uint hash, ReadOnlySpan<byte> piece) =>
        (uint)(slot >> 32) == hash && PieceAt((int)(uint)slot).SequenceEqual(piece);

    private ReadOnlySpan<byte> PieceAt(int place) =>
        _pool.AsSpan(place + EntryHeader, MemoryMarshal.Read<ushort>(_pool.AsSpan(place + 4)));

    private void GrowSlots()
    {
        ulong[] slots = new ulong[_slots.Length * 2];
        int mask = slots.Length - 1;
        foreach (ulong slot in _slots)
        {
            if (slot == 0)
            {
                continue;
            }

            int at = (int)((uint)(slot >> 32) & (uint)mask);
            while (slots[at] != 0)
            {
                at = (at + 1) & mask;
            }

            slots[at] = slot;
        }

        _slots = slots;
    }

    // Multiply and fold over 8 bytes at a time; the last read overlaps the one before it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        ulong hash = (ulong)bytes.Length * Multiplier;
        ulong last;
        if (bytes.Length >= 8)
        {
            for (int i = 0; i < bytes.Length - 8; i += 8)
            {
                hash = (BitOperations.RotateLeft(hash, 23) ^ MemoryMarshal.Read<ulong>(bytes[i..])) * Multiplier;
            }

            last = MemoryMarshal.Read<ulong>(bytes[^8..]);
        }
        else if (bytes.Length >= 4)
        {
            last = (ulong)MemoryMarshal.Read<uint>(bytes) << 32 | MemoryMarshal.Read<uint>(bytes[^4..]);
        }
        else
        {
            last = bytes.Length == 0 ? 0 : (ulong)bytes[0] << 16 | (ulong)bytes[bytes.Length / 2] << 8 | bytes[^1];
        }

        hash = (BitOperations.RotateLeft(hash, 23) ^ last) * Multiplier;
        return (uint)((hash ^ (hash >> 29)) * Multiplier >> 32);
    }
}
