using ManagedGemma.Checkpoints;
using ManagedGemma.Conversion;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Conversion;

/// <summary>What tests of the quantiser share: a directory to write to, sources, and a run.</summary>
public abstract class CheckpointQuantizerTest : IDisposable
{
    private protected static readonly QuantizationScheme Usual = QuantizationScheme.Default(QuantizationMode.Affine);

    private protected TemporaryDirectory Target { get; } = new();

    public void Dispose()
    {
        Target.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static string Zoo(string folder) => Path.Combine(TestFiles.Fixtures, "zoo", folder);

    private protected string[] All() => Directory.GetFileSystemEntries(Target.Path, "*", new EnumerationOptions { AttributesToSkip = 0 });

    private protected CheckpointQuantizer Quantize(string source, string destination, QuantizationScheme scheme, QuantizerOptions? options = null)
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(source);
        CheckpointQuantizer quantizer = CheckpointQuantizer.Create(checkpoint, Target[destination], scheme, options);
        quantizer.Run();
        return quantizer;
    }

    private protected string Copy(string folder)
    {
        string target = Target["source"];
        Directory.CreateDirectory(target);
        foreach (string name in new[] { "config.json", "model.safetensors" })
        {
            File.Copy(Path.Combine(Zoo(folder), name), Path.Combine(target, name));
        }

        return target;
    }

    private protected string Refusal(string source, QuantizationScheme scheme, QuantizerOptions? options = null, bool run = false, string? destination = null)
    {
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(source);
        CheckpointQuantizer Create() => CheckpointQuantizer.Create(checkpoint, destination ?? Target["out"], scheme, options);
        if (!run)
        {
            return Assert.Throws<GemmaException>(() => Create().Dispose()).Message;
        }

        using CheckpointQuantizer quantizer = Create();
        return Assert.Throws<GemmaException>(() => quantizer.Run()).Message;
    }
}
