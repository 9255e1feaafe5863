using System.Globalization;
using ManagedGemma.Bench;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Ltx.Tests;

/// <summary>The real sizes. Weights are all zero, which neither memory nor time notices.</summary>
[Collection(nameof(RealSizeTests))]
[CollectionDefinition(nameof(RealSizeTests), DisableParallelization = true)]
public sealed class RealSizeTests : IDisposable
{
    // What a whole process may hold beside its mapped files; the test host's own is counted too.
    private const double MostMegabytes = 700;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [SlowFact]
    public void A_12b_and_the_connectors_of_2_3_stay_within_their_memory()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // Elsewhere nothing tells private from mapped memory.
        }

        using GemmaTextEncoder encoder = GemmaTextEncoder.Load(HollowFiles.Gemma12B(_directory["12b"]));
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, HollowFiles.Ltx23(_directory["ltx.safetensors"]));
        PromptTokens tokens = new([2, .. Enumerable.Range(1000, EncodeOptions.DefaultMaxLength - 1)], EncodeOptions.DefaultMaxLength);
        using PeakMemory memory = new();
        LtxConditioning conditioning = conditioner.Connect(conditioner.Project(tokens, new LtxOptions { Precision = Precision.Fast }));
        Assert.Equal((1024, 4096, 2048), (conditioning.Length, conditioning.Video.Width, conditioning.Audio.Width));
        Assert.InRange(memory.Megabytes, 100, MostMegabytes);
    }

    // Looks every 20 ms at what the process holds beside mapped files.
    private sealed class PeakMemory : IDisposable
    {
        private readonly Timer _timer;
        private double _peak;

        public PeakMemory() => _timer = new Timer(_ => Look(), null, 0, 20);

        public double Megabytes => Volatile.Read(ref _peak);

        public void Dispose() => _timer.Dispose();

        private void Look()
        {
            string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            double now = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
            Volatile.Write(ref _peak, Math.Max(now, _peak));
        }
    }
}
