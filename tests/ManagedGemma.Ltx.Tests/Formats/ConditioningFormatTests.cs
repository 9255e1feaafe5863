using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Formats;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Formats;

/// <summary>What each format holds: keys, shapes, types, values.</summary>
public class ConditioningFormatTests
{
    private const int Length = 128, Tokens = 5, Video = 24, Audio = 16;

    public static TheoryData<string> Names => [.. ConditioningFormat.All.Select(x => x.Name)];

    [Fact]
    public void Formats_have_names_of_their_own_and_need_what_their_readers_read()
    {
        (string, string, ConditioningParts)[] expected =
        [
            ("hdr", ".safetensors", ConditioningParts.Context),
            ("ltx-trainer", ".pt", ConditioningParts.Projection),
            ("ltx-trainer-legacy", ".pt", ConditioningParts.Projection),
            ("diffusers", ".safetensors", ConditioningParts.HiddenStates),
            ("comfyui", ".safetensors", ConditioningParts.Context),
            ("musubi", ".safetensors", ConditioningParts.Context),
            ("npz", ".npz", ConditioningParts.Context),
            ("npy", ".npy", ConditioningParts.Context),
        ];
        Assert.Equal(expected, ConditioningFormat.All.Select(x => (x.Name, x.Extension, x.Needs)));
        Assert.All(ConditioningFormat.All, x => Assert.Same(x, ConditioningFormat.Find(x.Name)));
        Assert.Null(ConditioningFormat.Find("HDR "));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_length_is_known_before_and_the_bytes_are_the_same_every_time(string name)
    {
        ConditioningFormat format = ConditioningFormat.Find(name)!;
        foreach ((int length, int tokens, int video, int audio) in new[] { (128, 1, 8, 2), (128, 128, 1, 1), (384, 200, 130, 6) })
        {
            ConditioningResult result = FormatSamples.Result(length, tokens, video, audio, "f\u00F6x \"\n\uD800");
            byte[] bytes = FormatSamples.Write(format, result);
            ConditioningShape shape = new(length, video, audio, 8, 3);
            Assert.Equal(shape, result.Shape);
            Assert.Equal(format.ByteLength(shape, result.Prompt), bytes.Length);
            Assert.Equal(bytes, FormatSamples.Write(format, result));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_appears_whole_or_not_at_all(string name)
    {
        ConditioningFormat format = ConditioningFormat.Find(name)!;
        using TemporaryDirectory directory = new();
        string path = Path.Combine(directory.Path, "a" + format.Extension);
        ConditioningResult result = FormatSamples.Result(Length, Tokens, Video, Audio);
        using CancellationTokenSource source = new();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => format.Write(path, result, source.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path, "*", new EnumerationOptions { AttributesToSkip = 0 }));
        format.Write(path, result);
        Assert.Equal(FormatSamples.Write(format, result), File.ReadAllBytes(path));
        Assert.Throws<ArgumentException>(() => format.Write(path, new ConditioningResult { Length = Length, TokenCount = Tokens }));
    }

    [Fact]
    public void ComfyUI_gets_both_contexts_side_by_side()
    {
        ConditioningResult result = FormatSamples.Result(Length, Tokens, Video, Audio, "fox");
        using Golden file = Written(ConditioningFormat.ComfyUI, result, out IReadOnlyDictionary<string, string> metadata, out TemporaryDirectory directory);
        using (directory)
        {
            Assert.Equal(new Dictionary<string, string> { ["num_conditionings"] = "1", ["dtype"] = "bfloat16" }, metadata);
            Assert.Equal(["attention_mask_0", "conditioning_data_0"], file.Names);
            Assert.Equal(Enumerable.Repeat(1L, Length), Integers(file, "attention_mask_0"));
            Assert.Equal(SideBySide(result, ElementType.BF16), file.Floats("conditioning_data_0"));
        }
    }

    [Fact]
    public void Musubi_tuner_gets_contexts_apart_and_side_by_side_and_the_caption()
    {
        ConditioningResult result = FormatSamples.Result(Length, Tokens, Video, Audio, "a \u00FCber \"fox\"");
        using Golden file = Written(ConditioningFormat.Musubi, result, out IReadOnlyDictionary<string, string> metadata, out TemporaryDirectory directory);
        using (directory)
        {
            Assert.Equal(
                new Dictionary<string, string> { ["architecture"] = "ltx2_v1", ["caption1"] = result.Prompt!, ["format_version"] = "1.0.1" }, metadata);
            Assert.Equal(
                ["video_prompt_embeds_bfloat16", "audio_prompt_embeds_bfloat16", "prompt_attention_mask", "text_bfloat16", "text_mask"], file.Names);
            Assert.Equal(Rounded(result.Context!.Video), file.Floats("video_prompt_embeds_bfloat16"));
            Assert.Equal(Rounded(result.Context.Audio), file.Floats("audio_prompt_embeds_bfloat16"));
            Assert.Equal(SideBySide(result, ElementType.BF16), file.Floats("text_bfloat16"));
            Assert.Equal(Enumerable.Repeat(1L, Length), Integers(file, "prompt_attention_mask"));
            Assert.Equal(Enumerable.Repeat(1L, Length), Integers(file, "text_mask"));
        }
    }

    [Theory]
    [InlineData("comfyui", "conditioning_data_0", 1, Length, Video + Audio)]
    [InlineData("comfyui", "attention_mask_0", 1, Length)]
    [InlineData("musubi", "video_prompt_embeds_bfloat16", Length, Video)]
    [InlineData("musubi", "text_bfloat16", Length, Video + Audio)]
    [InlineData("musubi", "text_mask", Length)]
    [InlineData("diffusers", "prompt_embeds", 1, Length, 24)]
    [InlineData("diffusers", "prompt_attention_mask", 1, Length)]
    public void Shapes_have_the_axes_that_readers_expect(string format, string tensor, params int[] shape)
    {
        using TemporaryDirectory directory = new();
        string path = Path.Combine(directory.Path, "a");
        ConditioningFormat.Find(format)!.Write(path, FormatSamples.Result(Length, Tokens, Video, Audio));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(shape.Select(x => (long)x), file.Tensor(tensor).Shape);
        Assert.Equal(tensor.Contains("mask", StringComparison.Ordinal) ? ElementType.I64 : ElementType.BF16, file.Tensor(tensor).ElementType);
    }

    [Fact]
    public void Npy_is_one_array_as_NumPy_writes_it()
    {
        ConditioningResult result = FormatSamples.Result(Length, Tokens, Video, Audio);
        byte[] bytes = FormatSamples.Write(ConditioningFormat.Npy, result);
        AssertNpy(bytes, "(1, 128, 40)", SideBySide(result, ElementType.F32));
    }

    [Fact]
    public void Npz_is_a_zip_of_arrays()
    {
        ConditioningResult result = FormatSamples.Result(Length, Tokens, Video, Audio);
        using ZipArchive zip = new(new MemoryStream(FormatSamples.Write(ConditioningFormat.Npz, result)));
        Assert.Equal(["video_context.npy", "audio_context.npy"], zip.Entries.Select(x => x.FullName));
        AssertNpy(Content(zip.Entries[0]), "(1, 128, 24)", result.Context!.Video.Values.ToArray());
        AssertNpy(Content(zip.Entries[1]), "(1, 128, 16)", result.Context.Audio.Values.ToArray());
    }

    [Fact]
    public void One_tensor_for_video_and_audio_is_for_older_checkpoints_alone()
    {
        using LtxCheckpoint older = LtxCheckpoint.Open(LtxFixture.Checkpoint("v20")), newer = LtxCheckpoint.Open(LtxFixture.Checkpoint("v23"));
        ConditioningFormat.LtxTrainerLegacy.Require(older);
        ConditioningFormat.LtxTrainer.Require(newer);
        GemmaException exception = Assert.Throws<GemmaException>(() => ConditioningFormat.LtxTrainerLegacy.Require(newer));
        Assert.Equal(newer.Path, exception.FilePath);
    }

    [Fact]
    public void A_state_that_is_no_number_is_refused_by_its_layer()
    {
        float[][] states = [.. Enumerable.Range(0, 4).Select(seed => Nasty.Uniform(seed, 16))];
        states[2][11] = float.NegativeInfinity;
        GemmaException exception = Assert.Throws<GemmaException>(() => LtxFixture.Feed(new StackedStates("the encoder"), states, 8));
        Assert.Equal(("the encoder", "hidden state 2 (output of layer 1)"), (exception.FilePath, exception.Subject));
    }

    private static Golden Written(
        ConditioningFormat format, ConditioningResult result, out IReadOnlyDictionary<string, string> metadata, out TemporaryDirectory directory)
    {
        directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "a" + format.Extension);
        format.Write(path, result);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        metadata = new Dictionary<string, string>(file.Header.Metadata);
        return new Golden(path);
    }

    private static void AssertNpy(byte[] bytes, string shape, float[] values)
    {
        // numpy.save of such an array: 128 bytes of head, filled up with spaces.
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0, 118, 0], bytes[..10]);
        Assert.Equal($"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n", Encoding.ASCII.GetString(bytes, 10, 118));
        Assert.Equal(values, MemoryMarshal.Cast<byte, float>(bytes.AsSpan(128)).ToArray());
    }

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using MemoryStream all = new();
        stream.CopyTo(all);
        return all.ToArray();
    }

    private static long[] Integers(Golden file, string name) => MemoryMarshal.Cast<byte, long>(file.Bytes(name)).ToArray();

    private static float[] SideBySide(ConditioningResult result, ElementType type)
    {
        float[] values =
        [
            .. Enumerable.Range(0, result.Length).SelectMany(row => (float[])[.. result.Context!.Video.Row(row), .. result.Context.Audio.Row(row)]),
        ];
        ElementConversion.Round(values, type);
        return values;
    }

    private static float[] Rounded(EmbeddingRows rows)
    {
        float[] values = rows.Values.ToArray();
        ElementConversion.Round(values, ElementType.BF16);
        return values;
    }
}
