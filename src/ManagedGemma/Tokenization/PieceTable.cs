using System.Numerics;
using System.Runtime.InteropServices;

namespace ManagedGemma.Tokenization;

/// <summary>
/// The vocabulary: pieces as UTF-8 in one pool, found by id through two arrays and by text through an open-addressing
/// table. No string is kept alive. Filled once, then only read, and safe for many readers.
/// </summary>
internal sealed class PieceTable
{
    /// <summary>Ids are below this, so that a pair of ids fits in 40 bits with one value to spare (see <see cref="MergeTable"/>).</summary>
    public const int MaxIdCount = (1 << 20) - 1;

    /// <summary>The longest piece, in UTF-8 bytes.</summary>
    public const int MaxPieceBytes = ushort.MaxValue;

    private const int InitialSlots = 1024;

    private byte[] _pool = new byte[4096];
    private int _poolLength;
    private int[] _starts = new int[256];

    // 0 marks an id without a piece: no piece is empty.
    private ushort[] _lengths = new ushort[256];

    // hash << 32 | id + 1, 0 where free; at most half full, so that a probe always ends.
    private ulong[] _slots = new ulong[InitialSlots];

    /// <summary>The number of pieces.</summary>
    public int Count { get; private set; }

    /// <summary>The highest id that has a piece, plus one.</summary>
    public int IdCount { get; private set; }

    /// <summary>Adds a piece under an id in [0, <see cref="MaxIdCount"/>) that is free.</summary>
    /// <param name="piece">1 to <see cref="MaxPieceBytes"/> bytes of UTF-8.</param>
    /// <param name="id">The id; the caller has checked <see cref="HasId"/>.</param>
    /// <returns>False, and nothing is changed, when the piece is there already.</returns>
    public bool TryAdd(ReadOnlySpan<byte> piece, int id)
    {
        if ((Count + 1) * 2 > _slots.Length)
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

        if (id >= _starts.Length)
        {
            int capacity = Math.Max(id + 1, Math.Min(_starts.Length * 2, MaxIdCount));
            Array.Resize(ref _starts, capacity);
            Array.Resize(ref _lengths, capacity);
        }

        if (piece.Length > _pool.Length - _poolLength)
        {
            Array.Resize(ref _pool, (int)Math.Min(Array.MaxLength, Math.Max(_pool.Length * 2L, _poolLength + (long)piece.Length)));
        }

        _slots[at] = (ulong)hash << 32 | (uint)(id + 1);
        piece.CopyTo(_pool.AsSpan(_poolLength));
        _starts[id] = _poolLength;
        _lengths[id] = (ushort)piece.Length;
        _poolLength += piece.Length;
        Count++;
        IdCount = Math.Max(IdCount, id + 1);
        return true;
    }

    /// <summary>Gives back the memory that growing left over.</summary>
    public void Trim()
    {
        Array.Resize(ref _pool, _poolLength);
        Array.Resize(ref _starts, IdCount);
        Array.Resize(ref _lengths, IdCount);
    }

    /// <summary>Whether a piece has this id; any number may be asked for.</summary>
    public bool HasId(int id) => (uint)id < (uint)IdCount && _lengths[id] != 0;

    /// <summary>The piece with this id as UTF-8; empty where there is none.</summary>
    public ReadOnlySpan<byte> Utf8Of(int id) => HasId(id) ? _pool.AsSpan(_starts[id], _lengths[id]) : default;

    /// <summary>The id of a piece, or -1.</summary>
    public int Find(ReadOnlySpan<byte> piece)
    {
        uint hash = Hash(piece);
        int mask = _slots.Length - 1;
        int at = (int)(hash & (uint)mask);
        while (_slots[at] != 0)
        {
            if (Holds(_slots[at], hash, piece))
            {
                return (int)(uint)_slots[at] - 1;
            }

            at = (at + 1) & mask;
        }

        return -1;
    }

    private bool Holds(ulong slot, uint hash, ReadOnlySpan<byte> piece)
    {
        if ((uint)(slot >> 32) != hash)
        {
            return false;
        }

        int id = (int)(uint)slot - 1;
        return _pool.AsSpan(_starts[id], _lengths[id]).SequenceEqual(piece);
    }

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
