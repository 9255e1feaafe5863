using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Conditioning;

[Collection(EnvironmentGroup.Name)]
public sealed class GemmaTextEncoderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("managed-gemma-tests-").FullName;

    [Fact]
    public void Padded_outputs_are_the_unpadded_ones_behind_zeros()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        PromptFeatures bare = encoder.Encode("A red fox", new EncodeOptions { Padding = Padding.None });
        PromptFeatures padded = encoder.Encode("A red fox", new EncodeOptions { MaxLength = 20 });
        Assert.Equal(10, bare.Length);
        Assert.Equal((20, 10, bare.Width), (padded.Length, padded.TokenCount, padded.Width));
        float[] all = padded.ToArray();
        Assert.All(all[..(10 * bare.Width)], value => Assert.Equal(0, value));
        Assert.Equal(bare.ToArray(), all[(10 * bare.Width)..]);
        Assert.Equal([.. Enumerable.Repeat(0, 10), .. Enumerable.Repeat(1, 10)], padded.AttentionMask());
        Assert.Equal(Enumerable.Repeat(0, 10), padded.TokenIds().Take(10));
        Assert.Equal(bare.TokenIds(), padded.TokenIds().Skip(10));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(1000)]
    public void Many_prompts_have_the_features_that_they_get_alone_in_their_order(int batchTokens)
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        EncodeOptions options = new() { Padding = Padding.None, BatchTokens = batchTokens };
        string[] prompts = ["A red fox", "", "runs through", "fresh snow, far away", "", "x"];
        HiddenStateCollector?[] states = [.. prompts.Select((_, i) => i == 2 ? null : new HiddenStateCollector())];
        PromptFeatures[] together = [.. encoder.EncodeMany(prompts.Select(prompt => encoder.Tokenize(prompt)), options, index => states[index])];
        Assert.Equal(prompts.Length, together.Length);
        for (int i = 0; i < prompts.Length; i++)
        {
            HiddenStateCollector alone = new();
            Assert.Equal(encoder.Encode(encoder.Tokenize(prompts[i]), options, alone).ToArray(), together[i].ToArray());
            if (states[i] is { } beside)
            {
                Assert.Equal(alone.States, beside.States);
            }
        }

        Assert.Empty(encoder.EncodeMany([], options));
    }

    [Fact]
    public void Features_are_the_definition_of_both_versions()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        foreach (FeatureVersion version in Enum.GetValues<FeatureVersion>())
        {
            EncodeOptions options = new() { Padding = Padding.None, Features = version };
            HiddenStateCollector states = new();
            float[] actual = encoder.Encode(encoder.Tokenize("snow", options), options, states).ToArray();
            (int count, int tokens, int hidden) = states.Shape;
            for (int state = 0; state < count; state++)
            {
                double[] x = [.. states.States[state].Select(value => (double)value)];
                for (int i = 0; i < x.Length; i++)
                {
                    double expected = version == FeatureVersion.V2
                        ? x[i] / Math.Sqrt((x.Skip(i / hidden * hidden).Take(hidden).Sum(value => value * value) / hidden) + 1e-6)
                        : 8 * (x[i] - (x.Sum() / (x.Length + 1e-6))) / (x.Max() - x.Min() + 1e-6);
                    Assert.Equal(expected, actual[(((i / hidden * hidden) + (i % hidden)) * count) + state], 2e-5);
                }
            }
        }
    }

    [Fact]
    public void Ltx_strips_the_prompt_and_car_does_not()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        Assert.Equal(4, encoder.Tokenize("  fox\n").Ids.Count);
        Assert.Equal(7, encoder.Tokenize("  fox\n", new EncodeOptions { Profile = Profile.Car }).Ids.Count);
    }

    [Fact]
    public void An_empty_prompt_is_bos_alone_and_a_long_one_keeps_its_first_tokens()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        Assert.Equal([2], encoder.Tokenize("").Ids);
        Assert.Equal(1, encoder.Encode("").TokenCount);
        PromptTokens tokens = encoder.Tokenize("abcdefgh", new EncodeOptions { MaxLength = 4 });
        Assert.Equal([2, 'a' + 4, 'b' + 4, 'c' + 4], tokens.Ids);
        Assert.Equal((9, 5), (tokens.TotalCount, tokens.Truncated));
        Assert.Throws<GemmaException>(() => encoder.Tokenize("a", new EncodeOptions { MaxLength = 0 }));
    }

    [Fact]
    public void Dumps_have_the_names_and_shapes_of_car_inference()
    {
        using EnvironmentScope scope = new(
            (DumpSink.HiddenVariable, Path.Combine(_directory, "hidden")), (DumpSink.StageVariable, Path.Combine(_directory, "stage")));
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        EncodeOptions options = new() { MaxLength = 6, Profile = Profile.Car };
        HiddenStateCollector states = new();
        PromptFeatures features = encoder.Encode(encoder.Tokenize("fox", options), options, states);

        string[] blocks = [.. Enumerable.Range(0, 12).Select(i => $"hidden_{i + 1:000}_block{i:00}")];
        string[] names = ["hidden_000_embed", .. blocks, "hidden_final_norm"];
        Assert.Equal(
            names.SelectMany(name => new[] { name + ".bin", name + ".meta" }).Order(),
            Directory.GetFiles(Path.Combine(_directory, "hidden")).Select(Path.GetFileName).Order());
        Assert.Equal("[1, 6, 128]\n", File.ReadAllText(Path.Combine(_directory, "hidden", "hidden_012_block11.meta")));
        float[] last = Read("hidden", "hidden_012_block11");
        Assert.All(last[..(2 * 128)], value => Assert.Equal(0, value));
        Assert.Equal(states.States[12], last[(2 * 128)..]);
        Assert.Equal(last, Read("stage", "gemma_hidden_final"));
        Assert.Equal(features.ToArray(), Read("stage", "gemma_stacked"));
        Assert.Equal($"[1, 6, {13 * 128}]\n", File.ReadAllText(Path.Combine(_directory, "stage", "gemma_stacked.meta")));
    }

    [Fact]
    public void A_dump_that_cannot_be_written_is_an_error()
    {
        string file = Path.Combine(_directory, "file");
        File.WriteAllText(file, "");
        using EnvironmentScope scope = new((DumpSink.HiddenVariable, Path.Combine(file, "below")));
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        Assert.Contains(file, Assert.Throws<GemmaException>(() => encoder.Encode("fox")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_model_is_the_environments_then_the_hubs_then_none()
    {
        using (EnvironmentScope none = new((GemmaTextEncoder.ModelVariable, null), ("HF_HUB_CACHE", _directory)))
        {
            Assert.False(GemmaTextEncoder.TryLoadDefault(out GemmaTextEncoder? encoder));
            Assert.Null(encoder);
        }

        string model = Path.Combine(TestFiles.Fixtures, "zoo", "text-4bit");
        using (EnvironmentScope own = new((GemmaTextEncoder.ModelVariable, model), ("HF_HUB_CACHE", _directory)))
        {
            Assert.True(GemmaTextEncoder.TryLoadDefault(out GemmaTextEncoder? encoder));
            Assert.Equal(model, encoder.Model.Checkpoint.Location);
            encoder.Dispose();
        }

        string repository = Path.Combine(_directory, "models--mlx-community--gemma-3-12b-it-4bit");
        string snapshot = Path.Combine(repository, "snapshots", "0123456789abcdef0123456789abcdef01234567");
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        File.WriteAllText(Path.Combine(repository, "refs", "main"), Path.GetFileName(snapshot));
        using (EnvironmentScope hub = new((GemmaTextEncoder.ModelVariable, ""), ("HF_HUB_CACHE", _directory)))
        {
            // Incomplete: that is not "not there".
            Assert.Contains("config.json", Assert.Throws<GemmaException>(() => GemmaTextEncoder.TryLoadDefault(out _)).Message, StringComparison.Ordinal);
            foreach (string file in Directory.GetFiles(model))
            {
                File.Copy(file, Path.Combine(snapshot, Path.GetFileName(file)));
            }

            File.Delete(Path.Combine(snapshot, "golden.safetensors"));
            Assert.True(GemmaTextEncoder.TryLoadDefault(out GemmaTextEncoder? encoder));
            Assert.Contains("tokenizer.json", Assert.Throws<GemmaException>(() => encoder.Encode("fox")).Message, StringComparison.Ordinal);
            encoder.Dispose();
        }

        using (EnvironmentScope wrong = new((GemmaTextEncoder.ModelVariable, Path.Combine(_directory, "nowhere"))))
        {
            Assert.Contains("nowhere", Assert.Throws<GemmaException>(() => GemmaTextEncoder.TryLoadDefault(out _)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_unknown_instruction_set_in_the_environment_is_an_error()
    {
        using EnvironmentScope scope = new(("MANAGED_GEMMA_ISA", "neon"));
        Assert.Contains("MANAGED_GEMMA_ISA", Assert.Throws<GemmaException>(() => GemmaTextEncoder.LoadDemo()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_narrows_the_instruction_set()
    {
        using EnvironmentScope scope = new(("MANAGED_GEMMA_ISA", "scalar"));
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        Assert.All(encoder.Model.Kernels, choice => Assert.EndsWith("Scalar", choice.Kernel, StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private float[] Read(string folder, string name)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(_directory, folder, name + ".bin"));
        float[] values = new float[bytes.Length / 4];
        Buffer.BlockCopy(bytes, 0, values, 0, bytes.Length);
        return values;
    }
}
