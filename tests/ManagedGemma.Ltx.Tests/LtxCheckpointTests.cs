using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Kernels.RowUnpack;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Tests;

public sealed class LtxCheckpointTests : IDisposable
{
    private const string Projection = "text_embedding_projection.";
    private const string Video = "model.diffusion_model.video_embeddings_connector.";
    private const string Block = Video + "transformer_1d_blocks.1.";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Every_tensor_of_the_text_parts_is_needed_and_named()
    {
        foreach (string version in LtxFixture.Versions)
        {
            foreach (string name in new EditedCheckpoint(version).Names)
            {
                Assert.Equal(name, Refused(version, file => file.Remove(name)).Subject);
            }
        }
    }

    [Fact]
    public void Every_tensor_must_have_its_shape()
    {
        foreach (string version in LtxFixture.Versions)
        {
            foreach (string name in new EditedCheckpoint(version).Names)
            {
                GemmaException exception = Refused(version, file =>
                {
                    long[] shape = [file.Shape(name)[0] + 1, .. file.Shape(name)[1..]];
                    file.Set(name, ElementType.F32, shape, new float[shape.Aggregate((a, b) => a * b)]);
                });
                Assert.Equal(name, exception.Subject);
                Assert.Contains("wrong shape", exception.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("v20", Projection + "video_aggregate_embed.weight")]
    [InlineData("v23", Projection + "aggregate_embed.weight")]
    [InlineData("v20", Block + "attn1.to_gate_logits.weight")]
    [InlineData("v23", Video + "transformer_1d_blocks.2.attn1.to_q.weight")]
    public void Tensors_that_contradict_the_metadata_are_named(string version, string name) =>
        Assert.Equal(name, Refused(version, file => file.Set(name, ElementType.F32, [1], [1f])).Subject);

    [Theory]
    [InlineData(Video + "learnable_registers")]
    [InlineData(Projection + "audio_aggregate_embed.bias")]
    [InlineData(Block + "attn1.k_norm.weight")]
    [InlineData(Block + "attn1.to_gate_logits.bias")]
    public void Small_tensors_must_hold_numbers(string name)
    {
        foreach (float value in (ReadOnlySpan<float>)[float.NaN, float.PositiveInfinity])
        {
            GemmaException exception = Refused("v23", file => file.SetValue(name, 1, value));
            Assert.Equal((name, $"{value} at element 1"), (exception.Subject, exception.Found));
        }
    }

    [Theory]
    [InlineData(Projection + "video_aggregate_embed.weight")]
    [InlineData(Projection + "audio_aggregate_embed.weight")]
    [InlineData(Block + "attn1.to_q.weight")]
    [InlineData(Block + "attn1.to_v.weight")]
    [InlineData(Block + "attn1.to_gate_logits.weight")]
    [InlineData(Block + "attn1.to_out.0.weight")]
    [InlineData(Block + "ff.net.0.proj.weight")]
    [InlineData(Block + "ff.net.2.weight")]
    public void A_matrix_that_holds_something_else_is_named_when_it_is_used(string name)
    {
        EditedCheckpoint file = new("v23");
        file.SetValue(name, 70, float.NaN);
        string path = file.Save(_directory["nan.safetensors"]);
        GemmaException exception = Assert.Throws<GemmaException>(() => Run(path));
        Assert.Equal((path, name), (exception.FilePath, exception.Subject));
    }

    [Fact]
    public void Values_that_grow_beyond_float32_name_their_block()
    {
        EditedCheckpoint file = new("v23");
        file.SetValue(Block + "ff.net.0.proj.weight", 70, 3e38f);
        file.SetValue(Block + "ff.net.0.proj.weight", 71, 3e38f);
        GemmaException exception = Assert.Throws<GemmaException>(() => Run(file.Save(_directory["large.safetensors"])));
        Assert.Equal(Block.TrimEnd('.'), exception.Subject);
    }

    // BF16 values are exact in F32, and in F16 once they are rounded to it: the same bits come out.
    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.F16)]
    public void Other_element_types_give_the_bits_of_their_values(ElementType type)
    {
        EditedCheckpoint narrow = new("v23"), wide = new("v23");
        foreach (string name in narrow.Names)
        {
            byte[] bytes = new byte[narrow.Values(name).Length * type.ByteSize()];
            ElementConversion.FromSingles(narrow.Values(name), type, bytes);
            float[] rounded = narrow.Values(name);
            ElementConversion.ToSingles(bytes, type, rounded);
            narrow.Set(name, type, narrow.Shape(name), bytes);
            wide.Set(name, ElementType.F32, wide.Shape(name), rounded);
        }

        Assert.Equal(Nasty.Bits(Run(wide.Save(_directory["wide.safetensors"]))), Nasty.Bits(Run(narrow.Save(_directory["narrow.safetensors"]))));
    }

    // FP8 with the scales that such files carry: none, one for the tensor (in either spelling), one a row.
    [Theory]
    [InlineData(null, 0)]
    [InlineData(".weight_scale", 0)]
    [InlineData(".weight_scale", 1)]
    [InlineData(".scale_weight", 1)]
    [InlineData(".weight_scale", 2)]
    public void Fp8_weights_are_their_codes_times_their_scale(string? suffix, int rank)
    {
        EditedCheckpoint narrow = new("v23"), wide = new("v23");
        int seed = 1;
        foreach (string name in narrow.Names.Where(name => name.EndsWith(".weight", StringComparison.Ordinal) && narrow.Shape(name).Length == 2))
        {
            int rows = (int)narrow.Shape(name)[0], columns = (int)narrow.Shape(name)[1];
            byte[] codes = new byte[rows * columns];
            new Random(seed++).NextBytes(codes);
            float[] scales = suffix is null ? [1] : [.. Enumerable.Range(0, rank == 2 ? rows : 1).Select(row => 0.001f + (row * 0.0001f))];
            float[] values = new float[codes.Length];
            for (int i = 0; i < codes.Length; i++)
            {
                codes[i] = float.IsNaN(MicroFloat.E4M3[codes[i]]) ? (byte)0 : codes[i];
                values[i] = MicroFloat.E4M3[codes[i]] * scales[scales.Length == 1 ? 0 : i / columns];
            }

            narrow.Set(name, ElementType.F8E4M3, [rows, columns], codes);
            wide.Set(name, ElementType.F32, [rows, columns], values);
            if (suffix is not null)
            {
                narrow.Set(name[..^7] + suffix, ElementType.F32, rank switch { 0 => [], 1 => [1], _ => [rows, 1] }, scales);
            }
        }

        Assert.Equal(Nasty.Bits(Run(wide.Save(_directory["wide.safetensors"]))), Nasty.Bits(Run(narrow.Save(_directory["narrow.safetensors"]))));
    }

    [Fact]
    public void Scales_that_fit_nothing_and_types_that_nobody_writes_are_refused()
    {
        const string Name = Block + "attn1.to_q.weight", Scale = Block + "attn1.to_q.weight_scale";
        Assert.Equal(Name, Refused("v23", file => file.Set(Scale, ElementType.F32, [1], [1f])).Subject);
        Assert.Equal(Name, Refused("v23", file => file.Set(Name, ElementType.F8E5M2, [128, 128], new byte[128 * 128])).Subject);
        foreach ((long[] shape, float value) in ((long[], float)[])[([3], 1f), ([1], float.NaN)])
        {
            GemmaException exception = Refused("v23", file =>
            {
                file.Set(Name, ElementType.F8E4M3, [128, 128], new byte[128 * 128]);
                file.Set(Scale, ElementType.F32, shape, [.. Enumerable.Repeat(value, (int)shape[0])]);
            });
            Assert.Equal(Scale, exception.Subject);
        }
    }

    private static float[] Run(string path)
    {
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(path);
        using WorkerTeam team = new(2);
        KernelTable kernels = KernelTable.ForMachine();
        LtxProjection projection = LtxFixture.Project(checkpoint, LtxFixture.ValidStates("v23", "a"), 128, 128, kernels, team);
        EmbeddingRows video = LtxFixture.Connect(checkpoint, checkpoint.Video, projection.Video, 128, kernels, team);
        EmbeddingRows audio = LtxFixture.Connect(checkpoint, checkpoint.Audio, projection.Audio, 128, kernels, team);
        return [.. video.Values.Span, .. audio.Values.Span];
    }

    private GemmaException Refused(string version, Action<EditedCheckpoint> edit)
    {
        EditedCheckpoint file = new(version);
        edit(file);
        string path = file.Save(_directory["edited.safetensors"]);
        GemmaException exception = Assert.Throws<GemmaException>(() => LtxCheckpoint.Open(path));
        Assert.Equal(path, exception.FilePath);
        return exception;
    }
}
