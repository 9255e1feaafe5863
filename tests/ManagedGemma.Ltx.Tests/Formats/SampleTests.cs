using System.Text;
using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Formats;
using ManagedGemma.Ltx.Formats.Torch;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Formats;

/// <summary>Against files of the originals: what is read from one and written again has its bytes.</summary>
public class SampleTests
{
    private const int Length = 128;

    [Fact]
    public void The_file_of_the_hdr_pipeline_comes_out_byte_for_byte()
    {
        string path = FormatSamples.Path("hdr_text_embeddings.safetensors");
        using Golden golden = new(path);
        EmbeddingRows video = new(Length, 128, golden.Floats("video_context")), audio = new(Length, 64, golden.Floats("audio_context"));
        LtxProjection projection = new(video, audio, null, null, Length, []);
        ConditioningResult result = new() { Length = Length, TokenCount = 9, Context = new LtxConditioning(video, audio, projection) };
        Assert.Equal(File.ReadAllBytes(path), FormatSamples.Write(ConditioningFormat.Hdr, result));
    }

    [Fact]
    public void The_file_of_diffusers_comes_out_byte_for_byte_but_for_what_lies_under_the_mask()
    {
        // Three states of 32 channels, made by hand from a stack: index d * 3 + state.
        const int States = 3, Hidden = 32, Width = States * Hidden;
        string path = FormatSamples.Path("diffusers_prompt_embeds.safetensors");
        using Golden golden = new(path);
        float[] embeds = golden.Floats("prompt_embeds");
        byte[] mask = golden.Bytes("prompt_attention_mask");
        int tokens = Enumerable.Range(0, Length).Sum(row => mask[row * sizeof(long)]);
        Assert.InRange(tokens, 2, Length - 1);
        float[][] states = [.. Enumerable.Range(0, States).Select(state => new float[tokens * Hidden])];
        for (int token = 0; token < tokens; token++)
        {
            for (int index = 0; index < Width; index++)
            {
                states[index % States][(token * Hidden) + (index / States)] = embeds[((Length - tokens + token) * Width) + index];
            }
        }

        StackedStates stack = new("encoder");
        LtxFixture.Feed(stack, states, Hidden);
        byte[] expected = File.ReadAllBytes(path);
        int begin = expected.Length - (Length * Width * 2);
        expected.AsSpan(begin, (Length - tokens) * Width * 2).Clear();
        ConditioningResult result = new() { Length = Length, TokenCount = tokens, HiddenStates = stack };
        Assert.Equal(expected, FormatSamples.Write(ConditioningFormat.Diffusers, result));
    }

    [Fact]
    public void Conditions_of_ltx_trainer_come_out_byte_for_byte_but_for_the_id()
    {
        TorchFile file = TorchFile.Open(FormatSamples.Path("one.pt"));
        Assert.Equal(["video_prompt_embeds", "prompt_attention_mask", "audio_prompt_embeds"], file.Tensors.Select(x => x.Name));
        Assert.Equal([ElementType.BF16, ElementType.I64, ElementType.BF16], file.Tensors.Select(x => x.ElementType));
        ConditioningResult result = FromTrainer(file, "video_prompt_embeds", "audio_prompt_embeds");
        AssertEqualButForTheId(file.Path, "one.pt.tmp", file);
        AssertSameRecords(file, ConditioningFormat.LtxTrainer, result);
    }

    [Fact]
    public void Legacy_conditions_come_out_byte_for_byte_but_for_the_id()
    {
        TorchFile file = TorchFile.Open(FormatSamples.Path("ltx-trainer-legacy-prompt_embeds.pt"));
        Assert.Equal(["prompt_embeds", "prompt_attention_mask"], file.Tensors.Select(x => x.Name));
        AssertEqualButForTheId(file.Path, "ltx-trainer-legacy-prompt_embeds", file);
        AssertSameRecords(file, ConditioningFormat.LtxTrainerLegacy, FromTrainer(file, "prompt_embeds", "prompt_embeds"));
    }

    [Theory]
    [InlineData("one.pt", 128, 64)]
    [InlineData("ltx-trainer-legacy-prompt_embeds.pt", 64, 64)]
    public void Conditions_are_read_as_rows_for_the_connectors(string name, int videoWidth, int audioWidth)
    {
        LtxProjection projection = TrainerConditions.Read(FormatSamples.Path(name));
        TorchFile file = TorchFile.Open(FormatSamples.Path(name));
        long[] mask = file.Tensor("prompt_attention_mask").ToIntegers();
        Assert.Equal((videoWidth, audioWidth), (projection.Video.Width, projection.Audio.Width));
        Assert.Equal((Length, (int)mask.Sum()), (projection.Length, projection.TokenCount));
        float[] video = (file.Find("prompt_embeds") ?? file.Tensor("video_prompt_embeds")).ToSingles();
        Assert.Equal(video[^videoWidth..], projection.Video.Row(projection.TokenCount - 1).ToArray());
        float[] audio = (file.Find("prompt_embeds") ?? file.Tensor("audio_prompt_embeds")).ToSingles();
        Assert.Equal(audio[^audioWidth..], projection.Audio.Row(projection.TokenCount - 1).ToArray());
    }

    [Fact]
    public void Conditions_that_were_written_are_read()
    {
        using TemporaryDirectory directory = new();
        string path = System.IO.Path.Combine(directory.Path, "a.pt");
        ConditioningResult result = FormatSamples.Result(256, 7, 96, 32);
        ConditioningFormat.LtxTrainer.Write(path, result);
        LtxProjection read = TrainerConditions.Read(path);
        Assert.Equal((256, 7), (read.Length, read.TokenCount));
        float[] expected = result.Projection!.Video.Values.ToArray();
        ElementConversion.Round(expected, ElementType.BF16);
        Assert.Equal(expected, read.Video.Values.ToArray());
    }

    // Pads are the bias, tokens come last.
    private static ConditioningResult FromTrainer(TorchFile file, string videoName, string audioName)
    {
        int tokens = (int)file.Tensor("prompt_attention_mask").ToIntegers().Sum();
        Assert.InRange(tokens, 1, Length - 1);
        TorchTensor video = file.Tensor(videoName), audio = file.Tensor(audioName);
        return new ConditioningResult
        {
            Length = Length,
            TokenCount = tokens,
            Projection = new LtxProjection(Tokens(video), Tokens(audio), Bias(video), Bias(audio), Length, []),
        };

        EmbeddingRows Tokens(TorchTensor tensor)
        {
            int width = (int)tensor.Shape[1];
            return new EmbeddingRows(tokens, width, tensor.ToSingles()[^(tokens * width)..]);
        }

        static float[] Bias(TorchTensor tensor) => tensor.ToSingles()[..(int)tensor.Shape[1]];
    }

    private static void AssertEqualButForTheId(string path, string root, TorchFile file)
    {
        byte[] expected = File.ReadAllBytes(path);
        using MemoryStream written = new();
        SafetensorsSpec[] specs = [.. file.Tensors.Select(x => new SafetensorsSpec(x.Name, x.ElementType, x.Shape))];
        new TorchContainer(root).Write(written, specs, new Dictionary<string, string>(), (i, stream) => stream.Write(file.Tensors[i].Data.Span));
        byte[] actual = written.ToArray();
        Assert.Equal(expected.Length, actual.Length);

        // The id is 40 digits, the first 20 of which depend on the C++ library that wrote it; its checksum stands behind it and in the directory.
        byte[] name = Encoding.ASCII.GetBytes("/.data/serialization_id");
        int local = expected.AsSpan().IndexOf(name), directory = expected.AsSpan().LastIndexOf(name);
        int id = (local + name.Length + 63) / 64 * 64, inDirectory = directory - root.Length - 46 + 16;
        Assert.All(actual[id..(id + 40)], digit => Assert.InRange(digit, (byte)'0', (byte)'9'));
        foreach ((int start, int length) in new[] { (id, 40), (id + 40 + 4, 4), (inDirectory, 4) })
        {
            expected.AsSpan(start, length).Clear();
            actual.AsSpan(start, length).Clear();
        }

        Assert.Equal(expected, actual);
    }

    private static void AssertSameRecords(TorchFile expected, ConditioningFormat format, ConditioningResult result)
    {
        using MemoryStream stream = new(FormatSamples.Write(format, result));
        TorchFile actual = TorchFile.Read(stream, "written");
        Assert.Equal(expected.Tensors.Select(x => (x.Name, x.ElementType)), actual.Tensors.Select(x => (x.Name, x.ElementType)));
        for (int i = 0; i < expected.Tensors.Count; i++)
        {
            Assert.Equal(expected.Tensors[i].Shape, actual.Tensors[i].Shape);
            Assert.Equal(expected.Tensors[i].Data.ToArray(), actual.Tensors[i].Data.ToArray());
        }
    }
}
