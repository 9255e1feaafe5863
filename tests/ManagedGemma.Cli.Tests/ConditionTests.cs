using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;
using ManagedGemma.Ltx.Formats;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Tests;

/// <summary><c>condition</c>: one prompt, in the formats of those who read it.</summary>
public sealed class ConditionTests : IDisposable
{
    private const string Prompt = "A red fox runs through fresh snow.";
    private readonly TemporaryDirectory _directory = new();

    private static string Ltx23 => Repository.Ltx("v23");

    private string Output => _directory["fox.out"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_default_is_what_the_hdr_pipeline_reads()
    {
        Outcome outcome = Condition(Prompt, "--json");
        Assert.Equal("hdr", outcome.Json.GetProperty("format").GetString());
        Assert.Equal("2.3", outcome.Json.GetProperty("ltx_version").GetString());
        Assert.Equal(new FileInfo(Output).Length, outcome.Json.GetProperty("output_bytes").GetInt64());
        using Features file = new(Output);
        Assert.Equal(["audio_context", "video_context"], file.Names);
        Assert.Empty(file.Metadata);
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, Ltx23);
        LtxConditioning expected = conditioner.Encode(Prompt, new LtxOptions { Length = 128 });
        foreach ((string name, EmbeddingRows rows) in new[] { ("video_context", expected.Video), ("audio_context", expected.Audio) })
        {
            Assert.Equal([1L, 128, rows.Width], file[name].Shape);
            Assert.Equal(ElementType.BF16, file[name].ElementType);
            Assert.Equal(rows.Values.ToArray().Select(Rounded), file.Floats(name));
        }
    }

    [Fact]
    public void The_length_is_1024_by_default()
    {
        Tool.Run("condition", Prompt, "--ltx", Ltx23, "--out", Output, "--quiet").Succeeds();
        using Features file = new(Output);
        Assert.Equal([1L, 1024, 128], file["video_context"].Shape);
    }

    [Fact]
    public void An_older_checkpoint_goes_with_an_encoder_of_its_own_width()
    {
        Tool.Run("condition", "--ids", "2,5,9", "--model", Repository.Zoo, "--ltx", Repository.Ltx("v20"), "--length", "128", "-o", Output).Succeeds();
        using Features file = new(Output);
        Assert.Equal(file["audio_context"].Shape, file["video_context"].Shape);
    }

    [Fact]
    public void A_prompt_that_is_too_long_is_cut_and_the_cut_is_shown()
    {
        string prompt = $"{new string('a', 200)} the very end";
        Outcome outcome = Condition(prompt, "--json");
        string warning = Assert.Single(outcome.ErrorLines, x => x.Contains("warning: the prompt", StringComparison.Ordinal));
        Assert.Contains("has 214 tokens, 86 more than --length 128; cut off: \"aaaaa", warning, StringComparison.Ordinal);
        Assert.Contains("aaaaa … ", warning, StringComparison.Ordinal);
        Assert.EndsWith("the very end\"", warning, StringComparison.Ordinal);
        Assert.Equal(prompt[127..], outcome.Json.GetProperty("truncated_text").GetString());
        Assert.Equal(86, outcome.Json.GetProperty("truncated_tokens").GetInt32());
        byte[] cut = File.ReadAllBytes(Output);
        Condition(prompt[..127]);
        Assert.Equal(cut, File.ReadAllBytes(Output));
    }

    [Fact]
    public void With_strict_a_prompt_that_is_too_long_is_an_error()
    {
        string[] args = ["--ltx", Ltx23, "--length", "128", "--output", Output, "--strict"];
        string line = Tool.Run(["condition", new string('a', 128), .. args]).FailsBehindNotice(1);
        Assert.Contains("has 129 tokens, 1 more than --length 128; beyond it: \"a\"", line, StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
        Tool.Run(["condition", new string('a', 127), .. args]).Succeeds();
    }

    [Fact]
    public void An_encoder_of_another_width_is_refused_with_both_widths_and_the_file()
    {
        string line = Tool.Run("condition", Prompt, "--ltx", Repository.Ltx("v20"), "--output", Output).FailsBehindNotice(1);
        Assert.Contains(Repository.Ltx("v20"), line, StringComparison.Ordinal);
        Assert.Contains("expected hidden size 64 with 13 hidden states, found hidden size 128 with 13 hidden states", line, StringComparison.Ordinal);
        Assert.Contains("built-in demo", line, StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Theory]
    [InlineData("hdr", "v23")]
    [InlineData("ltx-trainer", "v23")]
    [InlineData("ltx-trainer", "v20")]
    [InlineData("ltx-trainer-legacy", "v20")]
    [InlineData("diffusers", "v23")]
    [InlineData("comfyui", "v23")]
    [InlineData("comfyui", "v20")]
    [InlineData("musubi", "v23")]
    [InlineData("npz", "v23")]
    [InlineData("npy", "v20")]
    public void Every_format_is_written_as_the_library_writes_it(string name, string version)
    {
        bool isZoo = version == "v20";
        string[] model = isZoo ? ["--model", Repository.Zoo] : [];
        string[] args = ["--ids", "2,5,9,77", .. model, "--ltx", Repository.Ltx(version), "--length", "256", "--profile", "car", "--precision", "fast"];
        Outcome outcome = Tool.Run(["condition", .. args, "--format", name.ToUpperInvariant(), "--output", Output, "--json"]).Succeeds();
        Assert.Equal(name, outcome.Json.GetProperty("format").GetString());
        Assert.Equal(new FileInfo(Output).Length, outcome.Json.GetProperty("output_bytes").GetInt64());
        LtxOptions options = new() { Length = 256, Profile = Profile.Car, Precision = Precision.Fast };
        using GemmaTextEncoder encoder = isZoo ? GemmaTextEncoder.Load(Repository.Zoo) : GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, Repository.Ltx(version));
        ConditioningFormat format = ConditioningFormat.Find(name)!;
        ConditioningResult result = new ConditioningRun(encoder, conditioner, options).Compute(new PromptTokens([2, 5, 9, 77], 4), null, format.Needs);
        using MemoryStream expected = new();
        format.Write(expected, result);
        Assert.Equal(expected.ToArray(), File.ReadAllBytes(Output));
        Assert.Equal(["fox.out"], _directory.Entries);
    }

    [Fact]
    public void Hidden_states_need_no_ltx_checkpoint()
    {
        string[] args = ["condition", Prompt, "--format", "diffusers", "--length", "128", "--quiet", "--output"];
        Tool.Run([.. args, _directory["a"]]).Succeeds();
        Tool.Run([.. args, _directory["b"], "--ltx", Ltx23]).Succeeds();
        Assert.Equal(File.ReadAllBytes(_directory["b"]), File.ReadAllBytes(_directory["a"]));
        using Features file = new(_directory["a"]);
        Assert.Equal([1L, 128, 128 * 13], file["prompt_embeds"].Shape);
        Assert.Equal(Prompt.Length + 1, file.Integers("prompt_attention_mask").Sum());
        Tool.Run("encode", Prompt, "--max-length", "128", "--hidden-states", "--dtype", "bf16", "--output", Output).Succeeds();
        using Features states = new(Output);
        float[] expected = states.Floats("hidden_states"), actual = file.Floats("prompt_embeds");
        for (int i = 0; i < actual.Length; i++)
        {
            (int row, int d, int state) = (i / (128 * 13), i / 13 % 128, i % 13);
            Assert.Equal(expected[(((state * 128) + row) * 128) + d], actual[i]);
        }
    }

    [Fact]
    public void A_format_of_the_older_checkpoints_is_refused_for_the_newer_one()
    {
        string line = Tool.Run("condition", Prompt, "--ltx", Ltx23, "--format", "ltx-trainer-legacy", "--output", Output).FailsBehindNotice(1);
        Assert.Contains("expected an LTX-2.0 checkpoint, found LTX-2.3", line, StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Theory]
    [InlineData("text_embedding_projection.audio_aggregate_embed.weight")]
    [InlineData("model.diffusion_model.video_embeddings_connector.transformer_1d_blocks.1.ff.net.2.weight")]
    [InlineData("model.diffusion_model.audio_embeddings_connector.transformer_1d_blocks.0.attn1.to_q.weight")]
    [InlineData("model.diffusion_model.audio_embeddings_connector.learnable_registers")]
    public void Weights_that_are_no_numbers_are_named(string tensor)
    {
        string copy = _directory["ltx.safetensors"];
        File.Copy(Ltx23, copy);
        PutNaN(copy, tensor);
        string line = Tool.Run("condition", Prompt, "--ltx", copy, "--length", "128", "--output", Output).FailsBehindNotice(1);
        Assert.Contains(copy, line, StringComparison.Ordinal);
        Assert.Contains(tensor, line, StringComparison.Ordinal);
        Assert.Contains("NaN", line, StringComparison.Ordinal);
        Assert.Equal(["ltx.safetensors"], _directory.Entries);
    }

    [Theory]
    [InlineData("hdr")]
    [InlineData("diffusers")]
    public void A_layer_whose_output_is_no_number_is_named(string format)
    {
        // The layer's own weights are what is wrong: its output is the first state that is.
        string model = _directory["model"];
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }

        PutNaN(Path.Combine(model, "model-00002-of-00002.safetensors"), "language_model.model.layers.4.post_feedforward_layernorm.weight");
        string[] args = ["--model", model, "--ltx", Repository.Ltx("v20"), "--length", "128", "--format", format, "--output", Output];
        string line = Tool.Run(["condition", "--ids", "2,5", .. args]).Fails(1);
        Assert.Contains(model, line, StringComparison.Ordinal);
        Assert.Contains("hidden state 5 (output of layer 4): the encoder's state holds NaN", line, StringComparison.Ordinal);
        Assert.Equal(["model"], _directory.Entries);
    }

    [Fact]
    public void The_checkpoint_is_not_written_over()
    {
        string copy = _directory["ltx.safetensors"];
        File.Copy(Ltx23, copy);
        string line = Tool.Run("condition", Prompt, "--ltx", copy, "--output", copy).FailsBehindNotice(1);
        Assert.Contains("the output is the LTX checkpoint", line, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Ltx23), File.ReadAllBytes(copy));
    }

    private static void PutNaN(string path, string name)
    {
        SafetensorsTensor tensor;
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            tensor = file.Header.Tensors.Single(x => x.Name == name);
        }

        // Somewhere in the middle; BF16, or the upper half of a float32.
        Assert.Contains(tensor.ElementType, new[] { ElementType.BF16, ElementType.F32 });
        using FileStream stream = File.OpenWrite(path);
        stream.Position = tensor.Offset + (tensor.ByteLength / 8 * 4) + tensor.ElementType.ByteSize() - 2;
        stream.Write([0xC0, 0x7F]);
    }

    // To the nearest BF16, ties to even.
    private static float Rounded(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    private Outcome Condition(string prompt, params string[] args) =>
        Tool.Run(["condition", prompt, "--ltx", Ltx23, "--length", "128", "--output", Output, .. args]).Succeeds();
}
