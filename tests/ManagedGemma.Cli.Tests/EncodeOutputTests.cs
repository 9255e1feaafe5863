using System.Text;
using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Tests;

/// <summary>What the file of <c>encode</c> holds, option by option.</summary>
public sealed class EncodeOutputTests : IDisposable
{
    private const string Prompt = "A red fox runs through fresh snow.";
    private readonly TemporaryDirectory _directory = new();

    private string Output => _directory["fox.safetensors"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_file_has_features_mask_and_ids_padded_to_1024_rows()
    {
        using Features file = Encode(Prompt);
        Assert.Equal(["features", "attention_mask", "token_ids"], file.Names);
        Assert.Equal([1L, 1024, 128 * 13], file["features"].Shape);
        Assert.Equal(ElementType.F32, file["features"].ElementType);
        Assert.Equal([1L, 1024], file["attention_mask"].Shape);
        long[] ids = [2, .. Encoding.UTF8.GetBytes(Prompt).Select(x => x + 4L)];
        Assert.Equal([.. Enumerable.Repeat(0L, 1024 - ids.Length), .. ids], file.Integers("token_ids"));
        Assert.Equal([.. Enumerable.Repeat(0L, 1024 - ids.Length), .. Enumerable.Repeat(1L, ids.Length)], file.Integers("attention_mask"));
    }

    [Fact]
    public void Features_are_the_librarys_bit_for_bit()
    {
        using Features file = Encode(Prompt, "--max-length", "64");
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        PromptFeatures expected = encoder.Encode(Prompt, new EncodeOptions { MaxLength = 64 });
        Assert.Equal(expected.ToArray(), file.Floats("features"));
    }

    [Fact]
    public void Padded_and_unpadded_rows_are_equal_and_padding_is_zero()
    {
        using Features padded = Encode(Prompt, "--max-length", "64", "--hidden-states");
        using Features plain = Encode(Prompt, "--max-length", "64", "--hidden-states", "--pad", "none");
        int tokens = Prompt.Length + 1, width = 128 * 13;
        Assert.Equal([1L, tokens, width], plain["features"].Shape);
        Assert.Equal([13L, tokens, 128], plain["hidden_states"].Shape);
        Assert.Equal([1L, 64, width], padded["features"].Shape);
        Assert.Equal([13L, 64, 128], padded["hidden_states"].Shape);
        Assert.Equal(Enumerable.Repeat(1L, tokens), plain.Integers("attention_mask"));
        AssertPadded(plain.Floats("features"), padded.Floats("features"), 1, tokens * width, 64 * width);
        AssertPadded(plain.Floats("hidden_states"), padded.Floats("hidden_states"), 13, tokens * 128, 64 * 128);
    }

    [Theory]
    [InlineData("ltx")]
    [InlineData("car")]
    public void Hidden_states_are_the_librarys(string profile)
    {
        using Features file = Encode("--ids", "2,5,9,200", "--model", Repository.Zoo, "--pad", "none", "--hidden-states", "--profile", profile);
        using GemmaTextEncoder encoder = GemmaTextEncoder.Load(Repository.Zoo);
        HiddenStateCollector states = new();
        EncodeOptions options = new() { Profile = profile == "car" ? Profile.Car : Profile.Ltx, Padding = Padding.None };
        PromptFeatures features = encoder.Encode(new PromptTokens([2, 5, 9, 200], 4), options, states);
        Assert.Equal(states.States.SelectMany(x => x), file.Floats("hidden_states"));
        Assert.Equal(features.ToArray(), file.Floats("features"));
    }

    [Fact]
    public void Options_change_the_features()
    {
        string[][] variants = [[], ["--profile", "car"], ["--precision", "fast"], ["--precision", "float32"], ["--features", "v1"]];
        HashSet<string> seen = [];
        foreach (string[] variant in variants)
        {
            using Features file = Encode([Prompt, "--pad", "none", .. variant]);
            Assert.True(seen.Add(Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(file.Floats("features")))), string.Join(' ', variant));
        }
    }

    [Fact]
    public void Version_1_features_are_the_librarys()
    {
        using Features file = Encode(Prompt, "--pad", "none", "--features", "v1", "--precision", "float32");
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        EncodeOptions options = new() { Features = FeatureVersion.V1, Precision = Precision.Float32, Padding = Padding.None };
        Assert.Equal(encoder.Encode(Prompt, options).ToArray(), file.Floats("features"));
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        using Features one = Encode(Prompt, "--pad", "none", "--threads", "1");
        using Features three = Encode(Prompt, "--pad", "none", "--threads", "3");
        Assert.Equal(one.Floats("features"), three.Floats("features"));
    }

    [Fact]
    public void Bf16_is_f32_rounded_to_nearest_even()
    {
        using Features full = Encode(Prompt, "--pad", "none", "--hidden-states");
        using Features half = Encode(Prompt, "--pad", "none", "--hidden-states", "--dtype", "bf16");
        foreach (string name in new[] { "features", "hidden_states" })
        {
            Assert.Equal(ElementType.BF16, half[name].ElementType);
            Assert.Equal(full.Floats(name).Select(Rounded), half.Floats(name));
        }

        static float Rounded(float value)
        {
            uint bits = BitConverter.SingleToUInt32Bits(value);
            return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
        }
    }

    [Fact]
    public void F16_is_f32_rounded_to_half()
    {
        using Features full = Encode(Prompt, "--pad", "none");
        using Features half = Encode(Prompt, "--pad", "none", "--dtype", "f16");
        Assert.Equal(ElementType.F16, half["features"].ElementType);
        Assert.Equal(full.Floats("features").Select(x => (float)(Half)x), half.Floats("features"));
    }

    [Fact]
    public void Metadata_says_how_the_file_was_made()
    {
        Run("--ids", "2,5,9", "--model", Repository.Zoo, "--max-length", "2", "--profile", "car", "--precision", "fast", "--features", "v1").Succeeds();
        using Features file = new(Output);
        Assert.Equal("1", file.Metadata["format_version"]);
        Assert.Equal("vlm-4bit", file.Metadata["model"]);
        Assert.Equal("car", file.Metadata["profile"]);
        Assert.Equal("fast", file.Metadata["precision"]);
        Assert.Equal("v1", file.Metadata["features_version"]);
        Assert.Equal("left", file.Metadata["padding"]);
        Assert.Equal("2", file.Metadata["token_count"]);
        Assert.Equal("1", file.Metadata["truncated_count"]);
        Assert.Matches(@"^\d+\.\d+\.\d+", file.Metadata["managed_gemma_version"]);
        Assert.DoesNotContain(file.Metadata.Values, x => x.Contains(Path.GetDirectoryName(Repository.Zoo)!, StringComparison.Ordinal));
    }

    [Fact]
    public void A_snapshot_in_a_hub_cache_is_called_by_its_repository()
    {
        string snapshot = _directory["models--owner--name/snapshots/0123abcd"];
        Directory.CreateDirectory(snapshot);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(snapshot, Path.GetFileName(file)));
        }

        Run("--ids", "2", "--model", snapshot + Path.DirectorySeparatorChar).Succeeds();
        using Features features = new(Output);
        Assert.Equal("owner/name", features.Metadata["model"]);
    }

    [Fact]
    public void Json_tells_about_the_run_and_parses()
    {
        JsonElement json = Run(Prompt, "--json", "--quiet", "--max-length", "20").Succeeds().Json;
        Assert.Equal(Output, json.GetProperty("output").GetString());
        Assert.Equal(new FileInfo(Output).Length, json.GetProperty("output_bytes").GetInt64());
        Assert.Equal("demo", json.GetProperty("model").GetString());
        Assert.Equal(20, json.GetProperty("tokens").GetInt32());
        Assert.Equal(Prompt.Length + 1 - 20, json.GetProperty("truncated_tokens").GetInt32());
        Assert.Equal(20, json.GetProperty("length").GetInt32());
        foreach (string name in new[] { "load_seconds", "tokenize_seconds", "encode_seconds", "write_seconds", "tokens_per_second", "peak_memory_bytes" })
        {
            Assert.True(json.GetProperty(name).GetDouble() > 0, name);
        }

        string[] warnings = [.. json.GetProperty("warnings").EnumerateArray().Select(x => x.GetString()!)];
        Assert.Contains(warnings, x => x.Contains("random", StringComparison.Ordinal));
        Assert.Contains(warnings, x => x.Contains("15 more than --max-length 20", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_json_standard_output_stays_empty_and_the_summary_goes_to_standard_error()
    {
        Outcome outcome = Run(Prompt).Succeeds();
        Assert.Empty(outcome.Out);
        foreach (string word in new[] { "random weights", "managed-gemma pull mlx-community/gemma-3-12b-it-4bit", "MANAGED_GEMMA_MODEL", "tokens/s", "at most", Output })
        {
            Assert.Contains(word, outcome.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Quiet_says_nothing_when_there_is_nothing_to_warn_of() =>
        Assert.Equal(new Outcome(0, string.Empty, string.Empty), Run("--ids", "2,5", "--model", Repository.Zoo, "--quiet"));

    [Fact]
    public void An_older_output_is_replaced()
    {
        File.WriteAllText(Output, "old");
        Run("--ids", "2,5", "--model", Repository.Zoo).Succeeds();
        using Features file = new(Output);
        Assert.Equal(["fox.safetensors"], _directory.Entries);
    }

    [Fact]
    public void Dumps_go_where_the_environment_says()
    {
        Dictionary<string, string> environment = new()
        {
            ["CAR_DUMP_GEMMA_HIDDEN"] = _directory["hidden"],
            ["CAR_DUMP_LTX_STAGE"] = _directory["stage"],
        };
        Tool.RunChild(environment, ["encode", "--ids", "2,5,9", "--model", Repository.Zoo, "--pad", "none", "--profile", "car", "--output", Output]).Succeeds();
        using Features file = new(Output);
        Assert.Equal(14 * 2, Directory.GetFiles(_directory["hidden"]).Length);
        Assert.Equal("[1, 3, 832]", File.ReadAllText(_directory["stage/gemma_stacked.meta"]).Trim());
        byte[] stacked = File.ReadAllBytes(_directory["stage/gemma_stacked.bin"]);
        Assert.Equal(file.Floats("features"), System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(stacked).ToArray());
    }

    private static void AssertPadded(float[] plain, float[] padded, int blocks, int plainBlock, int paddedBlock)
    {
        for (int block = 0; block < blocks; block++)
        {
            Span<float> rows = padded.AsSpan(block * paddedBlock, paddedBlock);
            Assert.True(rows[..^plainBlock].IndexOfAnyExcept(0f) < 0);
            Assert.True(rows[^plainBlock..].SequenceEqual(plain.AsSpan(block * plainBlock, plainBlock)));
            Assert.True(rows[^plainBlock..].IndexOfAnyExcept(0f) >= 0);
        }
    }

    private Outcome Run(params string[] args) => Tool.Run(["encode", .. args, "--output", Output]);

    private Features Encode(params string[] args)
    {
        // A name of its own: a file that is still mapped by the test stays as it is.
        string path = _directory[$"{Guid.NewGuid():N}.safetensors"];
        Tool.Run(["encode", .. args, "--output", path]).Succeeds();
        Features features = new(path);
        return features;
    }
}
