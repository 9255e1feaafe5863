using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ManagedGemma.Bench.Roofline;

/// <summary>Measures what this machine can do at most from managed code, on some threads at once.</summary>
internal static class Limits
{
    private const double SecondsOfATry = 0.06;

    /// <summary>A limit by its name; null where the processor has not the instructions.</summary>
    public static LimitMeter? Meter(string name, int threads) => name switch
    {
        "maddubs-512" when Avx512BW.IsSupported => Arithmetic(name, threads, 64, Multiplies.Maddubs512),
        "maddubs-256" when Avx2.IsSupported => Arithmetic(name, threads, 32, Multiplies.Maddubs256),
        "vnni-256" when AvxVnni.IsSupported => Arithmetic(name, threads, 32, Multiplies.Vnni256),
        "maddwd-512" when Avx512BW.IsSupported => Arithmetic(name, threads, 32, Multiplies.Maddwd512),
        "maddwd-256" when Avx2.IsSupported => Arithmetic(name, threads, 16, Multiplies.Maddwd256),
        "fma-512" when Avx512F.IsSupported => Arithmetic(name, threads, 16, Multiplies.Fma512),
        "fma-256" when Fma.IsSupported => Arithmetic(name, threads, 8, Multiplies.Fma256),
        "sdot-128" when Dp.IsSupported => Arithmetic(name, threads, 16, Multiplies128.Sdot),
        "smlal-128" when AdvSimd.IsSupported => Arithmetic(name, threads, 4, Multiplies128.Smlal),
        "mul16-128" when Vector128.IsHardwareAccelerated => Arithmetic(name, threads, 8, Multiplies128.Mul16),
        "mul32-128" when Vector128.IsHardwareAccelerated => Arithmetic(name, threads, 4, Multiplies128.Mul32),
        "fma-128" when Vector128.IsHardwareAccelerated => Arithmetic(name, threads, 4, Multiplies128.Fma),
        "memory" => Memory(name, MemoryStreams.Anonymous(threads)),
        "memory-mapped" => Memory(name, MemoryStreams.Mapped(threads)),
        _ => null,
    };

    /// <summary>All names, in the order in which they are shown.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [
        "maddubs-512", "maddubs-256", "vnni-256", "sdot-128", "mul16-128", "maddwd-512", "maddwd-256", "smlal-128", "mul32-128", "fma-512", "fma-256", "fma-128",
        "memory", "memory-mapped",
    ];

    private static LimitMeter Arithmetic(string name, int threads, int lanes, Func<int, int> kernel)
    {
        int rounds = Calibrate(kernel);
        return new LimitMeter(name, "GMAC/s", threads, (double)rounds * Multiplies.PerRound * lanes * threads, _ => kernel(rounds));
    }

    // At the best of all distances: a program that reads faster than this does not read memory.
    private static LimitMeter? Memory(string name, MemoryStreams? streams)
    {
        if (streams is null)
        {
            return null;
        }

        int ahead = MemoryStreams.PrefetchDistances.MinBy(
            distance => Enumerable.Range(0, 3).Min(_ => LimitMeter.Seconds(streams.Threads, thread => streams.Read(thread, distance))));
        return new LimitMeter(
            name, "GB/s", streams.Threads, streams.BytesOfAThread * (double)streams.Threads, thread => streams.Read(thread, ahead), streams);
    }

    private static int Calibrate(Func<int, int> kernel)
    {
        kernel(1000);
        int rounds = 1000;
        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            kernel(rounds);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (seconds > SecondsOfATry / 4)
            {
                return (int)Math.Min(int.MaxValue / 2, rounds * SecondsOfATry / seconds);
            }

            rounds *= 4;
        }
    }
}
