using System.Text.Json;
using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Conditioning;
using ManagedGemma.Conversion;
using ManagedGemma.Kernels;
using ManagedGemma.Model;
using ManagedGemma.Tests.Checkpoints;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Conversion;

/// <summary>What the quantiser writes.</summary>
public sealed class CheckpointQuantizerTests : CheckpointQuantizerTest
{
    public static TheoryData<string, QuantizationMode, int, int> Cases()
    {
        TheoryData<string, QuantizationMode, int, int> cases = [];
        foreach (string folder in new[] { "dense-f32", "dense-bf16", "dense-f16" })
        {
            foreach (int bits in new[] { 2, 3, 4, 5, 6, 8 })
            {
                cases.Add(folder, QuantizationMode.Affine, bits, bits % 2 == 0 ? 64 : 32);
            }

            cases.Add(folder, QuantizationMode.MxFp4, 4, 32);
        }

        return cases;
    }

    /// <summary>
    /// Both run in float32 and hold the same weights bit for bit: a float32 engine's own 1e-5 covers that products are summed in another
    /// order.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void The_output_computes_what_its_values_say(string folder, QuantizationMode mode, int bits, int groupSize)
    {
        QuantizationScheme scheme = new(mode, bits, groupSize);
        Quantize(Zoo(folder), "out", scheme);
        using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(Target["out"]);
        Dequantize(checkpoint, Target["dense"]);
        int[] ids = [2, 17, 5, 300, 9, 9, 44];
        (List<float[]> quantised, int hidden) = States(Target["out"], ids);
        (List<float[]> dense, _) = States(Target["dense"], ids);
        float[] expected = [.. dense.SelectMany(x => x)];
        Assert.InRange(Golden.WorstState(quantised, expected, Golden.AllRows(ids.Length), hidden), 0, 1e-5);
    }

    [Theory]
    [InlineData("dense-f32", ElementType.F32)]
    [InlineData("dense-bf16", ElementType.BF16)]
    [InlineData("dense-f16", ElementType.F16)]
    public void Every_module_is_where_and_what_mlx_lm_makes_it(string folder, ElementType type)
    {
        // Width 48 of the feed-forward is no multiple of 32: down_proj stays dense, as in mlx-lm.
        QuantizationScheme scheme = new(QuantizationMode.Affine, 5, 32);
        using CheckpointQuantizer quantizer = Quantize(Zoo(folder), "out", scheme);
        Assert.Equal(["model.layers.0.mlp.down_proj", "model.layers.1.mlp.down_proj"], quantizer.DenseModules);
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Zoo(folder)), output = GemmaCheckpoint.Open(Target["out"]);
        Dictionary<string, TensorView> tensors = output.Tensors.ToDictionary(x => x.Name);
        Assert.Equal(quantizer.OutputBytes, output.TotalBytes);
        Assert.Equal(quantizer.SourceBytes, source.TotalBytes);
        foreach (TensorView tensor in source.Tensors)
        {
            TensorView after = tensors[tensor.Name];
            string module = tensor.Name[..^".weight".Length];
            if (tensor.Shape is [_, long columns] && columns % 32 == 0)
            {
                Assert.Equal(ElementType.U32, after.ElementType);
                Assert.Equal(type, tensors[module + ".scales"].ElementType);
                Assert.Equal(Packed(tensor, scheme, type, (int)columns), Packed(tensors, module));
                tensors.Remove(module + ".scales");
                tensors.Remove(module + ".biases");
            }
            else
            {
                Assert.Equal(tensor.ElementType, after.ElementType);
                Assert.Equal(Bytes(tensor), Bytes(after));
            }

            tensors.Remove(tensor.Name);
        }

        Assert.Empty(tensors);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Target["out"], "model.safetensors"));
        Assert.Equal("mlx", file.Header.Metadata["format"]);
        JsonElement index = Json("out", "model.safetensors.index.json");
        Assert.Equal(output.TotalBytes, index.GetProperty("metadata").GetProperty("total_size").GetInt64());
        Assert.Equal(quantizer.Parameters, index.GetProperty("metadata").GetProperty("total_parameters").GetInt64());
        JsonElement config = Json("out", "config.json");
        Assert.Equal("""{"group_size":32,"bits":5,"mode":"affine"}""", Compact(config.GetProperty("quantization")));
        Assert.Equal("""{"group_size":32,"bits":5,"mode":"affine"}""", Compact(config.GetProperty("quantization_config")));
        using JsonDocument before = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Zoo(folder), "config.json")));
        Assert.All(before.RootElement.EnumerateObject(), x => Assert.Equal(Compact(x.Value), Compact(config.GetProperty(x.Name))));
    }

    [Fact]
    public void Threads_pieces_and_runs_change_no_byte()
    {
        foreach (QuantizationScheme scheme in new[] { Usual, QuantizationScheme.Default(QuantizationMode.NvFp4) })
        {
            string[] names = ["a", "b", "c", "d"];
            Quantize(Zoo("dense-bf16"), "a", scheme, new QuantizerOptions { Threads = 1 });
            Quantize(Zoo("dense-bf16"), "b", scheme, new QuantizerOptions { Threads = 3 });
            Quantize(Zoo("dense-bf16"), "c", scheme, new QuantizerOptions { Threads = 3 });
            Quantize(Zoo("dense-bf16"), "d", scheme, new QuantizerOptions { Threads = 2, PieceBytes = 11 * 32 });
            string[] files = [.. Directory.GetFiles(Target["a"]).Select(x => Path.GetFileName(x)).Order()];
            Assert.Equal(["config.json", "model.safetensors", "model.safetensors.index.json"], files);
            foreach (string file in files)
            {
                byte[] bytes = File.ReadAllBytes(Path.Combine(Target["a"], file));
                Assert.All(names, x => Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(Target[x], file))));
            }

            Assert.All(names, x => Directory.Delete(Target[x], recursive: true));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2500)]
    [InlineData(10_000)]
    public void Shards_hold_what_one_file_holds(long limit)
    {
        Quantize(Zoo("dense-f32"), "one", Usual);
        using CheckpointQuantizer quantizer = Quantize(Zoo("dense-f32"), "many", Usual, new QuantizerOptions { ShardLimit = limit });
        using GemmaCheckpoint one = GemmaCheckpoint.Open(Target["one"]), many = GemmaCheckpoint.Open(Target["many"]);
        Assert.Equal(quantizer.FileCount, many.Files.Count);
        Assert.InRange(quantizer.FileCount, 3, one.Tensors.Count);
        Assert.Equal(limit == 1, quantizer.FileCount == one.Tensors.Count);
        Assert.Equal(
            Enumerable.Range(1, many.Files.Count).Select(i => $"model-{i:00000}-of-{many.Files.Count:00000}.safetensors"),
            Directory.GetFiles(Target["many"], "*.safetensors").Select(x => Path.GetFileName(x)).Order());
        Dictionary<string, byte[]> expected = one.Tensors.ToDictionary(x => x.Name, Bytes);
        Assert.Equal(expected.Count, many.Tensors.Count);
        Assert.All(many.Tensors, x => Assert.Equal(expected[x.Name], Bytes(x)));
        foreach (string path in many.Files)
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.True(file.Tensors.Count == 1 || file.Tensors.Sum(x => x.ByteLength) <= limit);
        }

        string[] map = [.. Json("many", "model.safetensors.index.json").GetProperty("weight_map").EnumerateObject().Select(x => x.Name)];
        Assert.Equal(map.Order(StringComparer.Ordinal), map);
    }

    [Fact]
    public void What_lies_beside_the_weights_comes_along_and_nothing_else()
    {
        string source = Copy("dense-bf16");
        foreach (string name in new[] { "tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja", "notes.txt", "other.safetensors.bak" })
        {
            File.WriteAllText(Path.Combine(source, name), name);
        }

        using CheckpointQuantizer quantizer = Quantize(source, "out", Usual);
        Assert.Equal(["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"], quantizer.CopiedFiles);
        Assert.All(quantizer.CopiedFiles, x => Assert.Equal(x, File.ReadAllText(Path.Combine(Target["out"], x))));
        Assert.False(File.Exists(Path.Combine(Target["out"], "notes.txt")));
    }

    [Fact]
    public void A_multimodal_source_becomes_its_text_model()
    {
        // Quantised already, in two shards, with a vision tower and a head of its own.
        string zoo = Path.Combine(TestFiles.Fixtures, "zoo", "vlm-4bit");
        using CheckpointQuantizer quantizer = Quantize(zoo, "out", Usual with { Bits = 3 }, new QuantizerOptions { AllowRequantize = true });
        using GemmaCheckpoint source = GemmaCheckpoint.Open(zoo), output = GemmaCheckpoint.Open(Target["out"]);
        Assert.All(output.Tensors, x => Assert.StartsWith("language_model.", x.Name, StringComparison.Ordinal));
        Assert.NotNull(output.LanguageHead(64));
        Assert.All(DecoderWalk.Ask(output), x => Assert.Equal(3, x.Scheme!.Bits));
        Assert.False(Json("out", "config.json").TryGetProperty("vision_config", out _));
        WeightRows before = new(source.Matrix("embed_tokens", -1, 64), Nasty.Tables[0]), after = new(output.Matrix("embed_tokens", -1, 64), Nasty.Tables[0]);
        float[] x = new float[64], y = new float[64];
        before.Read(7, 0, x);
        after.Read(7, 0, y);
        Assert.InRange(Golden.RelativeL2(y, x), 1e-3, 0.3);
    }

    [Fact]
    public void A_source_without_config_gets_one()
    {
        using GemmaCheckpoint demo = DemoCheckpoint.Open();
        using CheckpointQuantizer quantizer = CheckpointQuantizer.Create(
            demo, Target["out"], Usual with { GroupSize = 32 }, new QuantizerOptions { AllowRequantize = true });
        quantizer.Run();
        using GemmaCheckpoint output = GemmaCheckpoint.Open(Target["out"]);
        Assert.Equal("model.", output.Prefix);
        Assert.Equal(demo.Config.FullAttention, output.Config.FullAttention);
        DecoderWalk.Ask(output);
    }

    [Theory]
    [InlineData("tiny-BF16", false)]
    [InlineData("tiny-F16", false)]
    [InlineData("tiny-Q4_0", true)]
    [InlineData("tiny-Q8_0", true)]
    public void A_gguf_source_becomes_the_same_model(string name, bool isQuantised)
    {
        string path = Path.Combine(TestFiles.Fixtures, "zoo", "gguf", name + ".gguf");
        QuantizationScheme scheme = new(QuantizationMode.Affine, 8, 32);
        if (isQuantised)
        {
            Assert.Contains("is quantised already", Refusal(path, scheme), StringComparison.Ordinal);
        }

        Quantize(path, "out", scheme, new QuantizerOptions { AllowRequantize = isQuantised });
        using GemmaCheckpoint source = GemmaCheckpoint.Open(path), output = GemmaCheckpoint.Open(Target["out"]);
        Assert.All(output.Tensors.Where(x => x.ElementType != ElementType.U32), x => Assert.Equal(ElementType.BF16, x.ElementType));
        int hidden = source.Config.HiddenSize;
        Assert.Equal(
            source.Vector("layers.1.post_attention_layernorm", hidden).Select(x => ElementConversion.Round(x - 1, ElementType.BF16)),
            output.Vector("layers.1.post_attention_layernorm", hidden));
        Dictionary<string, TensorView> tensors = output.Tensors.ToDictionary(x => x.Name);
        foreach ((WeightMatrix before, WeightMatrix after) in DecoderWalk.Ask(source).Zip(DecoderWalk.Ask(output)))
        {
            WeightRows rows = new(before, KernelTable.UpTo(InstructionSet.Scalar));
            float[] values = new float[before.Rows * before.Columns];
            for (int row = 0; row < before.Rows; row++)
            {
                rows.Read(row, 0, values.AsSpan(row * (int)before.Columns, (int)before.Columns));
            }

            Assert.Equal(Packed(values, scheme, ElementType.BF16), Packed(tensors, after.Path));
        }

        GemmaConfig expected = source.Config, found = output.Config;
        Assert.Equal(expected.FullAttention, found.FullAttention);
        Assert.Equal(
            (expected.QueryPreAttnScalar, expected.SlidingWindow, expected.RopeThetaFull, expected.RopeThetaSliding, expected.RopeFactorFull, expected.RmsNormEps),
            (found.QueryPreAttnScalar, found.SlidingWindow, found.RopeThetaFull, found.RopeThetaSliding, found.RopeFactorFull, found.RmsNormEps));
    }

    [Fact]
    public void A_file_without_config_gets_one_from_its_shapes()
    {
        File.Copy(Path.Combine(TestFiles.Fixtures, "zoo", "comfy", "gemma_3_tiny_it.safetensors"), Target["tiny.safetensors"]);
        using CheckpointQuantizer quantizer = Quantize(Target["tiny.safetensors"], "out", Usual);
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Target["tiny.safetensors"]), output = GemmaCheckpoint.Open(Target["out"]);
        Assert.True(source.IsConfigAssumed);
        Assert.Equal("config.json", output.ConfigOrigin);
        Assert.Equal(source.Config.FullAttention, output.Config.FullAttention);
        Assert.Equal(source.Config.RopeFactorFull, output.Config.RopeFactorFull);
        Assert.True(quantizer.SourceBytes < source.TotalBytes);
        DecoderWalk.Ask(output);
    }

    [Theory]
    [InlineData("dense-f32", ElementType.BF16)]
    [InlineData("dense-bf16", ElementType.F32)]
    public void Another_type_is_rounded_to_before(string folder, ElementType type)
    {
        Quantize(Zoo(folder), "out", Usual, new QuantizerOptions { ElementType = type });
        using GemmaCheckpoint source = GemmaCheckpoint.Open(Zoo(folder)), output = GemmaCheckpoint.Open(Target["out"]);
        TensorView before = source.Tensors.Single(x => x.Name == "model.layers.0.self_attn.q_proj.weight");
        Dictionary<string, TensorView> tensors = output.Tensors.ToDictionary(x => x.Name);
        Assert.All(output.Tensors.Where(x => x.ElementType != ElementType.U32), x => Assert.Equal(type, x.ElementType));
        const string Module = "model.layers.0.self_attn.q_proj";
        Assert.Equal(Packed(before, Usual, type, 64), Packed(tensors, Module));
        Assert.Equal(
            source.Vector("layers.1.input_layernorm", 64).Select(x => ElementConversion.Round(x, type)), output.Vector("layers.1.input_layernorm", 64));
    }

    private static byte[] Bytes(TensorView tensor)
    {
        byte[] bytes = new byte[tensor.ByteLength];
        tensor.CopyTo(0, bytes);
        return bytes;
    }

    /// <summary>A tensor's words, scales and biases, row by row on one thread.</summary>
    private static byte[] Packed(TensorView tensor, QuantizationScheme scheme, ElementType type, int columns)
    {
        Assert.Equal(0, tensor.ElementCount % columns);
        return Packed(tensor.ToSingles(), scheme, type);
    }

    private static byte[] Packed(float[] values, QuantizationScheme scheme, ElementType type)
    {
        ElementConversion.Round(values, type);
        IRowQuantizer quantizer = RowQuantizer.For(scheme, type);
        byte[] words = new byte[(long)values.Length * scheme.Bits / 8];
        byte[] scales = new byte[values.Length / scheme.GroupSize * quantizer.ScaleBytes], biases = new byte[scales.Length];
        Assert.Equal(-1, quantizer.Quantize(values, words, scales, biases));
        return [.. words, .. scales, .. biases];
    }

    /// <summary>The same of an affine module as it was written.</summary>
    private static byte[] Packed(Dictionary<string, TensorView> tensors, string module) =>
        [.. new[] { "weight", "scales", "biases" }.SelectMany(x => Bytes(tensors[$"{module}.{x}"]))];

    /// <summary>Writes a dense float32 checkpoint of what the quantised one's bytes mean.</summary>
    private static void Dequantize(GemmaCheckpoint source, string directory)
    {
        Directory.CreateDirectory(directory);
        Dictionary<string, JsonElement> config = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllBytes(Path.Combine(source.Location, "config.json")))!;
        config.Remove("quantization");
        config.Remove("quantization_config");
        File.WriteAllText(Path.Combine(directory, "config.json"), JsonSerializer.Serialize(config));
        Dictionary<string, TensorView> tensors = source.Tensors.ToDictionary(x => x.Name);
        Dictionary<string, (long[] Shape, float[] Values)> dense = [];
        foreach (TensorView tensor in source.Tensors.Where(x => x.Name.EndsWith(".weight", StringComparison.Ordinal)))
        {
            string module = tensor.Name[..^".weight".Length];
            if (!tensors.TryGetValue(module + ".scales", out TensorView? scales))
            {
                dense[tensor.Name] = ([.. tensor.Shape], tensor.ToSingles());
                continue;
            }

            QuantizationScheme scheme = source.Config.Quantization!.For(module)!;
            byte[] biases = tensors.TryGetValue(module + ".biases", out TensorView? b) ? Bytes(b) : [];
            int columns = (int)tensor.Shape[1] * 32 / scheme.Bits;
            double[] values = MlxReference.Row(scheme, scales.ElementType, (int)tensor.Shape[0] * columns, Bytes(tensor), Bytes(scales), biases);
            dense[tensor.Name] = ([tensor.Shape[0], columns], [.. values.Select(x => (float)x)]);
        }

        using SafetensorsWriter writer = SafetensorsWriter.Create(
            Path.Combine(directory, "model.safetensors"), dense.Select(x => new SafetensorsSpec(x.Key, ElementType.F32, x.Value.Shape)));
        foreach ((string name, (_, float[] values)) in dense)
        {
            writer.Begin(name);
            writer.Write(values);
        }

        writer.Complete();
    }

    private static (List<float[]> States, int HiddenSize) States(string directory, int[] ids)
    {
        using GemmaModel model = GemmaModel.Load(directory, new GemmaModelOptions { Threads = 2 });
        HiddenStateCollector states = new();
        model.Run(ids, states, new RunOptions { Precision = Precision.Float32 });
        return ([.. states.States], model.Config.HiddenSize);
    }

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);

    private JsonElement Json(string directory, string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Target[directory], file)));
        return document.RootElement.Clone();
    }
}
