using System.Diagnostics;
using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Gguf;

namespace ManagedGemma.Tests.Checkpoints;

/// <summary>Every hostile file of the zoo: what it claims is never allocated, and its end comes at once.</summary>
public sealed class BadCaseTests
{
    // A file of a few kilobytes justifies far less; this is what any of them may take at most.
    private const long MostBytes = 64 << 20;

    public static TheoryData<string, string> All => BadCase.All();

    [Theory]
    [MemberData(nameof(All))]
    public void A_hostile_file_costs_little_memory_and_time(string kind, string file)
    {
        string path = BadCase.Named(file).FullPath;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();
        string? refusal = null;
        try
        {
            switch (kind)
            {
                case "safetensors":
                    SafetensorsFile.Open(path).Dispose();
                    break;
                case "gguf" when BadCase.Named(file).Must != "fail":
                    GgufFile.Open(path).Dispose();
                    break;
                default:
                    using (GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(path))
                    {
                        DecoderWalk.Ask(checkpoint);
                    }

                    break;
            }
        }
        catch (GemmaException exception)
        {
            refusal = exception.Message;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
        string must = BadCase.Named(file).Must;
        Assert.True(must == "either" || must == (refusal is null ? "load" : "fail"), refusal);
    }

    [Fact]
    public void There_are_ninety() => Assert.Equal(90, All.Count);
}
