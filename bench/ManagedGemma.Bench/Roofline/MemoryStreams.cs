using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ManagedGemma.Memory;

namespace ManagedGemma.Bench.Roofline;

/// <summary>One long stream a thread, read in vectors with a software prefetch 8 KiB ahead: without it some machines reach half.</summary>
internal sealed unsafe class MemoryStreams : IDisposable
{
    private const int PrefetchBytes = 8 << 10;

    private readonly NativeBuffer[] _streams;

    public MemoryStreams(int threads)
    {
        _streams = [.. Enumerable.Range(0, threads).Select(_ => new NativeBuffer((nuint)BytesOfAThread + PrefetchBytes))];
        foreach (NativeBuffer stream in _streams)
        {
            new Span<byte>(stream.Pointer, BytesOfAThread + PrefetchBytes).Fill(1);
        }
    }

    /// <summary>Far beyond any cache.</summary>
    public const int BytesOfAThread = 512 << 20;

    public int Read(int thread) => Vector512.IsHardwareAccelerated ? Read512(_streams[thread].Pointer, BytesOfAThread) : Read256(_streams[thread].Pointer, BytesOfAThread);

    public void Dispose() => Array.ForEach(_streams, stream => stream.Dispose());

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read512(byte* source, long length)
    {
        Vector512<int> s0 = default, s1 = default, s2 = default, s3 = default;
        for (byte* end = source + length; source < end; source += 256)
        {
            Sse.Prefetch0(source + PrefetchBytes);
            Sse.Prefetch0(source + PrefetchBytes + 64);
            Sse.Prefetch0(source + PrefetchBytes + 128);
            Sse.Prefetch0(source + PrefetchBytes + 192);
            s0 += Vector512.Load((int*)source);
            s1 += Vector512.Load((int*)(source + 64));
            s2 += Vector512.Load((int*)(source + 128));
            s3 += Vector512.Load((int*)(source + 192));
        }

        return Vector512.Sum(s0 + s1 + s2 + s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read256(byte* source, long length)
    {
        Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default;
        for (byte* end = source + length; source < end; source += 128)
        {
            Sse.Prefetch0(source + PrefetchBytes);
            Sse.Prefetch0(source + PrefetchBytes + 64);
            s0 += Vector256.Load((int*)source);
            s1 += Vector256.Load((int*)(source + 32));
            s2 += Vector256.Load((int*)(source + 64));
            s3 += Vector256.Load((int*)(source + 96));
        }

        return Vector256.Sum(s0 + s1 + s2 + s3);
    }
}
