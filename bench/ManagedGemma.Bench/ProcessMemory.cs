using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace ManagedGemma.Bench;

/// <summary>What the process holds beside mapped files: resident pages that no file backs.</summary>
internal static class ProcessMemory
{
    private const string Pages = "/proc/self/statm";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(3);

    /// <summary>The most that was held while something ran, in MB, looked at every few milliseconds; 0 where the system does not tell.</summary>
    public static double MostMegabytes(Action work)
    {
        if (!File.Exists(Pages))
        {
            work();
            return 0;
        }

        using SafeFileHandle file = File.OpenHandle(Pages);
        using ManualResetEventSlim done = new();
        long most = 0;
        Thread watcher = new(() =>
        {
            do
            {
                most = Math.Max(most, Held(file));
            }
            while (!done.Wait(Interval));
        });
        watcher.Start();
        try
        {
            work();
        }
        finally
        {
            done.Set();
            watcher.Join();
        }

        return Math.Round(most * Environment.SystemPageSize / 1048576.0, 1);
    }

    // Resident less shared pages, the second and third number. Nothing is allocated: the measure would grow by measuring.
    private static long Held(SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[128];
        text = text[..RandomAccess.Read(file, text, 0)];
        Span<long> numbers = stackalloc long[3];
        for (int i = 0; i < numbers.Length; i++)
        {
            _ = Utf8Parser.TryParse(text, out numbers[i], out int length);
            text = text[Math.Min(length + 1, text.Length)..];
        }

        return numbers[1] - numbers[2];
    }
}
