using ManagedGemma.Checkpoints;
using ManagedGemma.Conversion;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Conversion;

/// <summary>What the quantiser refuses, and what it leaves behind when it does not come to its end.</summary>
public sealed class CheckpointQuantizerRefusalTests : CheckpointQuantizerTest
{
    [Fact]
    public void A_quantised_source_is_refused_by_name()
    {
        string message = Refusal(Path.Combine(TestFiles.Fixtures, "zoo", "text-4bit"), Usual);
        Assert.Contains("model.embed_tokens: is quantised already", message, StringComparison.Ordinal);
        Assert.Contains("found 4 bit affine, group 64", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_that_divides_nothing_is_refused() =>
        Assert.Contains("divides none of their widths", Refusal(Zoo("dense-f32"), Usual with { GroupSize = 128 }), StringComparison.Ordinal);

    [Theory]
    [InlineData("model.layers.1.mlp.up_proj.weight", (7 * 64) + 5, 0x7FC0, "in row 7, column 5 (found NaN)")]
    [InlineData("model.embed_tokens.weight", (311 * 64) + 63, 0xFF80, "in row 311, column 63 (found -Infinity)")]
    [InlineData("model.layers.0.mlp.down_proj.weight", 3 * 48, 0x7F80, "in row 3, column 0 (found Infinity)")]
    [InlineData("model.norm.weight", 9, 0x7FC1, "at 9 (found NaN)")]
    public void A_weight_that_is_no_number_is_refused_by_name_and_place(string tensor, int index, int bits, string says)
    {
        string source = Copy("dense-bf16");
        Poke(source, tensor, index, bits);
        string message = Refusal(source, Usual, run: true);
        Assert.Contains(tensor + ": has a value that is not a finite number, " + says, message, StringComparison.Ordinal);
        Assert.Equal([source], All());
    }

    [Fact]
    public void A_weight_that_the_type_cannot_hold_is_refused()
    {
        string source = Copy("dense-bf16");
        Poke(source, "model.layers.1.self_attn.o_proj.weight", 64, 0x4800);
        Assert.Contains("has a value that F16 cannot hold, in row 1, column 0 (found 131072)", Refusal(source, Usual, new QuantizerOptions { ElementType = ElementType.F16 }, run: true), StringComparison.Ordinal);
        Assert.Equal([source], All());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public void Cancelled_it_leaves_nothing(int reports)
    {
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Zoo("dense-f32"));
        using CheckpointQuantizer quantizer = CheckpointQuantizer.Create(source, Target["out"], Usual);
        using CancellationTokenSource cancellation = new();
        int seen = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => quantizer.Run(
            new Reports(x =>
            {
                if (++seen == reports)
                {
                    Assert.Single(All());
                    cancellation.Cancel();
                }
            }),
            cancellation.Token));
        Assert.Equal(reports, seen);
        Assert.Empty(All());
        Assert.Throws<InvalidOperationException>(() => quantizer.Run());
    }

    [Fact]
    public void Given_up_from_another_thread_it_leaves_nothing()
    {
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Zoo("dense-f32"));
        using CheckpointQuantizer quantizer = CheckpointQuantizer.Create(source, Target["out"], Usual, new QuantizerOptions { ShardLimit = 1 });
        int seen = 0;
        Assert.ThrowsAny<Exception>(() => quantizer.Run(new Reports(x =>
        {
            if (++seen == 10)
            {
                Task.Run(quantizer.Dispose).Wait();
            }
        })));
        Assert.Empty(All());
    }

    [Fact]
    public void Progress_goes_up_to_the_whole()
    {
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Zoo("dense-bf16"));
        using CheckpointQuantizer quantizer = CheckpointQuantizer.Create(source, Target["out"], Usual);
        List<QuantizationProgress> reports = [];
        quantizer.Run(new Reports(reports.Add));
        Assert.Equal(reports.Select(x => x.DoneBytes).Order(), reports.Select(x => x.DoneBytes));
        Assert.All(reports, x => Assert.Equal(quantizer.OutputBytes, x.TotalBytes));
        Assert.Equal(quantizer.OutputBytes, reports[^1].DoneBytes);
        Assert.Equal("model.norm", reports[^1].Module);
    }

    [Fact]
    public void The_source_itself_is_never_replaced()
    {
        string source = Copy("dense-bf16");
        QuantizerOptions options = new() { Overwrite = true };
        Assert.Contains("the source's own directory", Refusal(source, Usual, options, destination: source), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            // By another name.
            Directory.CreateSymbolicLink(Target["link"], Target.Path);
            Assert.Contains("own directory", Refusal(source, Usual, options, destination: Path.Combine(Target["link"], "source")), StringComparison.Ordinal);
        }

        Assert.True(File.Exists(Path.Combine(source, "model.safetensors")));
    }

    [Fact]
    public void An_older_checkpoint_is_replaced_when_asked_for()
    {
        Quantize(Zoo("dense-bf16"), "out", Usual);
        Assert.Contains("is not empty", Refusal(Zoo("dense-bf16"), Usual), StringComparison.Ordinal);
        Quantize(Zoo("dense-bf16"), "out", Usual with { Bits = 8 }, new QuantizerOptions { Overwrite = true, ShardLimit = 10_000 });
        using GemmaCheckpoint output = GemmaCheckpoint.Open(Target["out"]);
        Assert.Equal(8, output.Config.Quantization!.Bits);
        Assert.False(File.Exists(Path.Combine(Target["out"], "model.safetensors")));
        Assert.Single(All());
    }

    [Theory]
    [InlineData(QuantizationMode.Affine, 7, 64)]
    [InlineData(QuantizationMode.Affine, 4, 16)]
    [InlineData(QuantizationMode.MxFp4, 4, 64)]
    [InlineData(QuantizationMode.NvFp4, 8, 16)]
    public void What_mlx_has_not_is_a_bug_of_the_caller(QuantizationMode mode, int bits, int groupSize)
    {
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Zoo("dense-bf16"));
        Assert.Throws<ArgumentException>(() => CheckpointQuantizer.Create(source, Target["out"], new QuantizationScheme(mode, bits, groupSize)));
    }

    private static void Poke(string directory, string tensor, int index, int bits)
    {
        string path = Path.Combine(directory, "model.safetensors");
        long offset;
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            offset = file.Header.Tensors.Single(x => x.Name == tensor).Offset + (2L * index);
        }

        using FileStream stream = new(path, FileMode.Open, FileAccess.Write);
        stream.Position = offset;
        stream.Write([(byte)bits, (byte)(bits >> 8)]);
    }

    private sealed class Reports(Action<QuantizationProgress> act) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => act(value);
    }
}
