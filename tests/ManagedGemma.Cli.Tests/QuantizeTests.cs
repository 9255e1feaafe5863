using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>quantize</c>: what it makes can be used, what it says is true, and what goes wrong leaves nothing.</summary>
public sealed partial class QuantizeTests : IDisposable
{
    private const int SigInt = 2;

    private static readonly string Dense = Path.Combine(Repository.Root, "tests", "fixtures", "zoo", "dense-bf16");

    private readonly TemporaryDirectory _directory = new();

    private string Output => _directory["out"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("affine", 4, 64)]
    [InlineData("affine", 6, 32, "--bits", "6", "--group-size", "32")]
    [InlineData("mxfp4", 4, 32, "--mode", "mxfp4")]
    [InlineData("mxfp8", 8, 32, "--mode", "mxfp8")]
    [InlineData("nvfp4", 4, 16, "--mode", "nvfp4", "--bits", "4")]
    public void What_is_made_is_what_is_said(string mode, int bits, int groupSize, params string[] args)
    {
        Outcome outcome = Tool.Run(["quantize", Dense, Output, "--json", "--threads", "2", .. args]).Succeeds();
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Output);
        QuantizationConfig config = checkpoint.Config.Quantization!;
        Assert.Equal((bits, groupSize, mode), (config.Bits, config.GroupSize, config.Mode.ToString().ToLowerInvariant()));
        JsonElement json = outcome.Json;
        Assert.Equal((mode, (long)bits, (long)groupSize, 2L), (Text(json, "mode"), Whole(json, "bits"), Whole(json, "group_size"), Whole(json, "threads")));
        Assert.Equal(checkpoint.TotalBytes, Whole(json, "output_bytes"));
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Dense);
        Assert.Equal((source.TotalBytes, source.TotalBytes / 2, 0L), (Whole(json, "source_bytes"), Whole(json, "parameters"), Whole(json, "left_out_bytes")));
        Assert.Equal(8.0 * checkpoint.TotalBytes / (source.TotalBytes / 2), json.GetProperty("bits_per_weight").GetDouble(), 9);
        Assert.Equal((Dense, Output, 1L), (Text(json, "source"), Text(json, "destination"), Whole(json, "weight_files")));
        Assert.Contains("bits a weight", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("managed-gemma: warning: there is no tokenizer", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_made_encodes()
    {
        Tool.Run("quantize", Dense, Output, "--quiet").Succeeds();
        Tool.Run("encode", "--ids", "2,5,9", "--model", Output, "--output", _directory["f.safetensors"], "--quiet").Succeeds();
        Tool.Run("inspect", "--model", Output).Succeeds();
    }

    [Fact]
    public void Matrices_that_stay_dense_are_told()
    {
        Outcome outcome = Tool.Run("quantize", Dense, Output, "--quiet", "--json").Succeeds();
        Assert.Contains("2 matrices stay dense, since groups of 64 do not divide their width: model.layers.0.mlp.down_proj, ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(2, outcome.Json.GetProperty("dense_modules").GetArrayLength());
        Assert.Equal(2, outcome.Json.GetProperty("warnings").GetArrayLength());
    }

    [Fact]
    public void A_quantised_source_is_taken_only_when_that_is_said()
    {
        string line = Tool.Run("quantize", Repository.Zoo, Output, "--bits", "8").Fails(1);
        Assert.Contains("is quantised already", line, StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
        Outcome outcome = Tool.Run("quantize", Repository.Zoo, Output, "--bits", "8", "--allow-requantize", "--dtype", "f32", "--json").Succeeds();
        Assert.True(Whole(outcome.Json, "left_out_bytes") > 0);
        Assert.Contains("that the decoder does not read", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_destination_is_replaced_only_when_that_is_said()
    {
        Tool.Run("quantize", Dense, Output, "--quiet").Succeeds();
        Assert.Contains("is not empty", Tool.Run("quantize", Dense, Output, "--bits", "8").Fails(1), StringComparison.Ordinal);
        Tool.Run("quantize", Dense, Output, "--bits", "8", "--overwrite", "--quiet").Succeeds();
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Output);
        Assert.Equal(8, checkpoint.Config.Quantization!.Bits);
        Assert.Equal(["out"], _directory.Entries);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("no-weights")]
    [InlineData("rope-nan")]
    [InlineData("tensor-missing")]
    [InlineData("tensor-wrong-shape")]
    public void A_bad_source_is_named(string name)
    {
        Assert.Contains(name, Tool.Run("quantize", Repository.Bad(name), Output).Fails(1), StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Fact]
    public void When_the_files_cannot_grow_nothing_is_left()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // A limit of 4 KiB; the signal that goes with it is ignored, and .NET's double mapping of code would need a larger file.
        Outcome outcome = Tool.RunShell(
            "trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 8; exec $CLI quantize \"$1\" \"$2\" --quiet", Dense, Output);
        Assert.Contains(Path.Combine(Output, "model.safetensors") + ": the file cannot be written", outcome.Fails(1), StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Fact]
    public void A_disk_without_room_is_told_before_anything_is_written()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Needs the right to mount; without it 77 comes back and there is nothing to test.
        Outcome outcome = Tool.RunShell(
            "export CLI; exec unshare -m sh -c 'mount -t tmpfs -o size=16k none \"$2\" || exit 77; $CLI quantize \"$1\" \"$2/out\" --quiet; code=$?; ls -A \"$2\"; exit $code' sh \"$1\" \"$2\"",
            Dense,
            _directory.Path);
        if (outcome.Code is not (77 or 126 or 127) && !outcome.Error.StartsWith("unshare", StringComparison.Ordinal))
        {
            Assert.Contains("the disk has too little room", outcome.Fails(1), StringComparison.Ordinal);
            Assert.Empty(outcome.Out);
        }
    }

    [Fact]
    public void Interrupted_it_leaves_nothing()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Process process = Tool.Start(null, "quantize", Huge(), Output, "--mode", "nvfp4", "--threads", "1");
        Stopwatch watch = Stopwatch.StartNew();
        while (_directory.Entries.Length < 2)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "it never began");
            Thread.Sleep(5);
        }

        Assert.Equal(0, Kill(process.Id, SigInt));
        Outcome outcome = Tool.Finish(process);
        Assert.Equal(130, outcome.Code);
        Assert.Contains("managed-gemma: interrupted", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["huge"], _directory.Entries);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private static string Text(JsonElement json, string key) => json.GetProperty(key).GetString()!;

    private static long Whole(JsonElement json, string key) => json.GetProperty(key).GetInt64();

    /// <summary>A checkpoint with an embedding of a gigabyte, which is a hole in its file: zeros that take no room.</summary>
    private string Huge()
    {
        const int Rows = 8 << 20;
        string directory = _directory["huge"];
        Directory.CreateDirectory(directory);
        File.Copy(Path.Combine(Dense, "config.json"), Path.Combine(directory, "config.json"));
        using GemmaCheckpoint dense = GemmaCheckpoint.Open(Dense);
        using MemoryStream head = new();
        SafetensorsSpec[] tensors = [.. dense.Tensors.Select(x => new SafetensorsSpec(x.Name, x.ElementType, x.Name.Contains("embed", StringComparison.Ordinal) ? [Rows, x.Shape[1]] : x.Shape))];
        using SafetensorsWriter writer = SafetensorsWriter.Create(head, tensors);
        using FileStream file = new(Path.Combine(directory, "model.safetensors"), FileMode.CreateNew);
        file.Write(head.ToArray());
        file.SetLength(writer.FileLength);
        return directory;
    }
}
