using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ManagedGemma.Checkpoints;
using ManagedGemma.Memory;

namespace ManagedGemma.Bench.Roofline;

/// <summary>
/// What is read to find memory's limit: one long stream a thread, front to back, in the widest vectors, with software prefetch at a
/// distance (without it some machines reach half). Two kinds:
/// <para>
/// Anonymous memory, in large pages where the system grants them (<see cref="NativeBuffer"/> asks), 512 MiB a thread, far beyond any
/// cache: the limit that shares are held against. Large pages miss the address translation's buffers least, so nothing that a process
/// can read is faster.
/// </para>
/// <para>
/// A mapped checkpoint in the page cache, as decoding reads it, in whatever pages the system has given it, a gibibyte of it among all
/// threads: what part of the gap to the limit is the mapping's.
/// </para>
/// </summary>
internal sealed unsafe class MemoryStreams : IDisposable
{
    private const int AnonymousBytes = 512 << 20;
    private const long MostMappedBytes = 1 << 30;

    private readonly IDisposable[] _owners;
    private readonly nint[] _streams;

    private MemoryStreams(IDisposable[] owners, nint[] streams, long bytesOfAThread)
    {
        _owners = owners;
        _streams = streams;
        BytesOfAThread = bytesOfAThread;
    }

    /// <summary>How far ahead to prefetch, in bytes; 0 is not at all.</summary>
    public static IReadOnlyList<int> PrefetchDistances { get; } = [0, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10];

    /// <summary>Threads that read at once.</summary>
    public int Threads => _streams.Length;

    /// <summary>What each reads.</summary>
    public long BytesOfAThread { get; }

    /// <summary>Memory of the process's own, written once so that every page is there.</summary>
    public static MemoryStreams Anonymous(int threads)
    {
        NativeBuffer[] buffers = [.. Enumerable.Range(0, threads).Select(_ => new NativeBuffer(AnonymousBytes))];
        nint[] streams = [.. buffers.Select(buffer => (nint)buffer.Pointer)];
        Parallel.ForEach(streams, stream => new Span<byte>((void*)stream, AnonymousBytes).Fill(1));
        return new MemoryStreams(buffers, streams, AnonymousBytes);
    }

    /// <summary>The synthetic checkpoint that slices use, read once before; null where it has not been made yet.</summary>
    public static MemoryStreams? Mapped(int threads)
    {
        if (SyntheticModels.Find() is not { } path)
        {
            return null;
        }

        MappedFile file = MappedFile.Open(path);
        long length = Math.Min(file.Length, MostMappedBytes) / threads / 4096 * 4096;
        MemoryStreams streams = new([file], [.. Enumerable.Range(0, threads).Select(i => (nint)(file.Pointer + (i * length)))], length);
        Parallel.For(0, threads, i => streams.Read(i, 0));
        return streams;
    }

    /// <summary>Reads a thread's stream.</summary>
    /// <param name="thread">Which.</param>
    /// <param name="ahead">How far ahead to prefetch.</param>
    public int Read(int thread, int ahead)
    {
        byte* source = (byte*)_streams[thread];
        return Vector512.IsHardwareAccelerated ? Read512(source, source + BytesOfAThread, ahead) : Read256(source, source + BytesOfAThread, ahead);
    }

    public void Dispose() => Array.ForEach(_owners, owner => owner.Dispose());

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read512(byte* source, byte* end, nint ahead)
    {
        Vector512<int> s0 = default, s1 = default, s2 = default, s3 = default;
        for (; source < end; source += 256)
        {
            if (ahead != 0)
            {
                byte* next = source + ahead;
                Sse.Prefetch0(next);
                Sse.Prefetch0(next + 64);
                Sse.Prefetch0(next + 128);
                Sse.Prefetch0(next + 192);
            }

            s0 += Vector512.Load((int*)source);
            s1 += Vector512.Load((int*)(source + 64));
            s2 += Vector512.Load((int*)(source + 128));
            s3 += Vector512.Load((int*)(source + 192));
        }

        return Vector512.Sum(s0 + s1 + s2 + s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read256(byte* source, byte* end, nint ahead)
    {
        Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default;
        for (; source < end; source += 128)
        {
            if (ahead != 0)
            {
                byte* next = source + ahead;
                Sse.Prefetch0(next);
                Sse.Prefetch0(next + 64);
            }

            s0 += Vector256.Load((int*)source);
            s1 += Vector256.Load((int*)(source + 32));
            s2 += Vector256.Load((int*)(source + 64));
            s3 += Vector256.Load((int*)(source + 96));
        }

        return Vector256.Sum(s0 + s1 + s2 + s3);
    }
}
