using System.Buffers.Binary;
using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Checkpoints.Synthetic;

public sealed class SyntheticCheckpointTests
{
    private static readonly SyntheticShape Small = new()
    {
        HiddenSize = 64,
        LayerCount = 2,
        IntermediateSize = 192,
        HeadCount = 2,
        KeyValueHeadCount = 1,
        HeadDim = 32,
        SlidingWindow = 7,
        RopeFactor = 4,
        VocabularySize = 100,
    };

    [Fact]
    public void The_counter_is_the_recipes()
    {
        // FNV-1a-64 of "a" is 0xAF63DC4C8601EC8C; what follows from it was computed with Python's integers.
        CounterStream stream = new("a");
        Assert.Equal(0x5F29C2AADD9B8527UL, stream[0]);
        Assert.Equal(0xFF84F1BDB6D3884FUL, stream[1]);
        Assert.Equal(0x346565B26BF3A41AUL, stream[1L << 40]);
    }

    [GoldensFact]
    public void The_full_size_weights_are_those_of_the_original_recipe()
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(TestFiles.Goldens!, "synthetic-12b", "layers-6.safetensors"));
        TensorView sample = golden.Tensor("sample.q_proj.0");
        Assert.Equal([2L, 3840L], sample.Shape);
        SyntheticTensor[] linear = [.. SyntheticTensor.Linear("language_model.model.layers.0.self_attn.q_proj", 2, 3840)];
        byte[] words = new byte[2 * 480 * 4];
        byte[] scales = new byte[2 * 60 * 2];
        byte[] biases = new byte[2 * 60 * 2];
        linear[0].Fill(0, words);
        linear[1].Fill(0, scales);
        linear[2].Fill(0, biases);
        float[] expected = sample.ToSingles();
        for (int i = 0; i < expected.Length; i++)
        {
            int nibble = (words[i / 2] >> (4 * (i % 2))) & 15;
            double value = (nibble * (double)BFloat16(scales, i / 64)) + BFloat16(biases, i / 64);
            Assert.Equal(expected[i], (float)value);
        }
    }

    [Fact]
    public void A_written_directory_opens_and_holds_the_counters_values()
    {
        using TemporaryDirectory directory = new();
        SyntheticCheckpoint.Write(directory["model"], Small);
        Assert.Equal(2, Directory.GetFileSystemEntries(directory["model"]).Length);
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(directory["model"]);
        GemmaConfig c = checkpoint.Config;
        Assert.Equal((64, 2, 192, 2, 1, 32, 7), (c.HiddenSize, c.LayerCount, c.IntermediateSize, c.HeadCount, c.KeyValueHeadCount, c.HeadDim, c.SlidingWindow));
        Assert.Equal((32d, 4d, 1d), (c.QueryPreAttnScalar, c.RopeFactorFull, c.RopeFactorSliding));
        List<WeightMatrix> matrices = DecoderWalk.Ask(checkpoint);
        Assert.Equal(100, matrices[0].Rows);
        Assert.Null(checkpoint.LanguageHead(64));

        CounterStream norm = new("language_model.model.layers.1.self_attn.q_norm.weight");
        float[] q = checkpoint.Vector("layers.1.self_attn.q_norm", 32);
        for (int i = 0; i < 32; i++)
        {
            Assert.Equal(BitConverter.UInt32BitsToSingle((uint)ElementConversion.ToBFloat16((float)((norm.Unit(i) - 0.5) * 0.5)) << 16), q[i]);
        }

        WeightMatrix down = checkpoint.Matrix("layers.1.mlp.down_proj", 64, 192);
        byte[] last = new byte[8];
        down.Weight.CopyTo(down.Weight.ByteLength - 8, last);
        Assert.Equal(new CounterStream("language_model.model.layers.1.mlp.down_proj.weight")[(64 * 192 / 16) - 1], BinaryPrimitives.ReadUInt64LittleEndian(last));
    }

    [Fact]
    public void A_tensor_of_several_pieces_is_the_same_as_in_one()
    {
        SyntheticTensor tensor = SyntheticTensor.Linear("x", 3000, 1024).First();
        byte[] whole = new byte[3000 * 512];
        tensor.Fill(0, whole);
        MemoryStream stream = new();
        using SafetensorsWriter writer = SafetensorsWriter.Create(stream, [tensor.Spec]);
        SyntheticCheckpoint.WriteTensors(writer, [tensor], CancellationToken.None);
        Assert.Equal(whole, stream.ToArray()[^whole.Length..]);
    }

    [Fact]
    public void The_demo_opens_in_memory_and_twice_the_same()
    {
        using GemmaCheckpoint demo = DemoCheckpoint.Open();
        Assert.True(demo.IsDemo);
        Assert.Null(demo.TokenizerPath);
        Assert.Equal(1 + (12 * 7), DecoderWalk.Ask(demo).Count);
        Assert.Equal(320, demo.Matrix("embed_tokens", -1, 128).Rows);
        Assert.Equal([5, 11], Enumerable.Range(0, 12).Where(i => demo.Config.FullAttention[i]));
        using GemmaCheckpoint again = DemoCheckpoint.Open();
        Assert.Equal(demo.TotalBytes, again.TotalBytes);
        Assert.Equal(Bytes(demo, "layers.11.mlp.down_proj"), Bytes(again, "layers.11.mlp.down_proj"));
    }

    [Fact]
    public void A_cancelled_writing_leaves_no_weights()
    {
        using TemporaryDirectory directory = new();
        Assert.Throws<OperationCanceledException>(() => SyntheticCheckpoint.Write(directory.Path, Small, new CancellationToken(canceled: true)));
        Assert.Equal([directory["config.json"]], Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void Sizes_that_the_layout_cannot_hold_are_refused()
    {
        using TemporaryDirectory directory = new();
        Assert.Throws<ArgumentException>(() => SyntheticCheckpoint.Write(directory.Path, Small with { HiddenSize = 96 }));
        Assert.ThrowsAny<ArgumentException>(() => SyntheticCheckpoint.Write(directory.Path, Small with { LayerCount = 0 }));
        Assert.Throws<GemmaException>(() => SyntheticCheckpoint.Write(directory.Path, Small with { KeyValueHeadCount = 3 }));
        Assert.Throws<GemmaException>(() => SyntheticCheckpoint.Write("a\0b", Small));
        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [SlowFact]
    public void Six_layers_of_the_12b_are_written_and_open()
    {
        using TemporaryDirectory directory = new();
        SyntheticCheckpoint.Write(directory.Path, SyntheticShape.Gemma12B(6));
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(directory.Path);
        Assert.Equal(1 + (7 * 6), DecoderWalk.Ask(checkpoint).Count);
    }

    private static byte[] Bytes(GemmaCheckpoint checkpoint, string module)
    {
        TensorView weight = checkpoint.Tensors.Single(x => x.Name == $"{checkpoint.Prefix}{module}.weight");
        byte[] bytes = new byte[weight.ByteLength];
        weight.CopyTo(0, bytes);
        return bytes;
    }

    private static float BFloat16(byte[] bytes, int index) =>
        BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * index)) << 16);
}
