using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison;
using ManagedGemma.Comparison.Sources;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Comparison;

/// <summary>What is held against what, and what is called equal.</summary>
public sealed class TensorComparerTests
{
    // Two sums of squares of float32 values in float64: see StateAccumulatorTests.
    private const double Rounding = 1e-11;

    [Fact]
    public void A_tensor_against_itself_is_within_zero()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", Nasty.Floats(1, 60), 3, 20);
        StateComparison x = Only(TensorComparer.Compare(a, a, new() { Tolerance = 0, MaxAbs = 0 }));
        Assert.Equal((StateVerdict.Within, 0.0, 0.0, 60L), (x.Verdict, x.RelativeL2, x.MaxAbs, x.Compared));
        Assert.Equal(1, x.Cosine!.Value, Rounding);
        Assert.Empty(x.WorstRows);
    }

    [Fact]
    public void Each_tolerance_decides_and_its_edge_is_within()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", new double[] { 3, 5 }, 2), b = new ArrayTensors().Add("x", new double[] { 3, 4 }, 2);
        Assert.True(TensorComparer.Compare(a, b, new() { Tolerance = 0.2 }).IsWithin);
        Assert.False(TensorComparer.Compare(a, b, new() { Tolerance = 0.19 }).IsWithin);
        Assert.True(TensorComparer.Compare(a, b, new() { Tolerance = 1, MaxAbs = 1 }).IsWithin);
        Assert.False(TensorComparer.Compare(a, b, new() { Tolerance = 1, MaxAbs = 0.99 }).IsWithin);
    }

    [Fact]
    public void B_is_the_reference()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", new double[] { 2 }, 1), b = new ArrayTensors().Add("x", new double[] { 1 }, 1);
        Assert.Equal((1.0, 0.5), (Only(TensorComparer.Compare(a, b, new())).RelativeL2, Only(TensorComparer.Compare(b, a, new())).RelativeL2));
    }

    [Fact]
    public void The_worst_state_is_that_of_the_largest_relative_error()
    {
        using ArrayTensors a = new ArrayTensors().Add("small", [2f], 1).Add("large", [1010f], 1).Add("whole", new long[] { 9 }, 1);
        using ArrayTensors b = new ArrayTensors().Add("small", [1f], 1).Add("large", [1000f], 1).Add("whole", new long[] { 1 }, 1);
        Assert.Equal("small", TensorComparer.Compare(a, b, new()).Worst!.Name);
        Assert.Null(TensorComparer.Compare(a, b, new() { Patterns = ["whole"] }).Worst);
    }

    [Fact]
    public void What_one_side_lacks_is_named_and_not_within()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", [1f], 1).Add("a10", [1f], 1).Add("a9", [1f], 1);
        using ArrayTensors b = new ArrayTensors().Add("b", [1f], 1).Add("x", [1f], 1);
        TensorComparison comparison = TensorComparer.Compare(a, b, new());
        Assert.Equal(["a9", "a10"], comparison.OnlyInA);
        Assert.Equal(["b"], comparison.OnlyInB);
        Assert.False(comparison.IsWithin);
        Assert.Null(comparison.FirstOutside);
        Assert.True(TensorComparer.Compare(a, b, new() { Patterns = ["x"] }).IsWithin);
        Assert.False(TensorComparer.Compare(a, b, new() { Patterns = ["?"] }).IsWithin);
        Assert.Throws<GemmaException>(() => TensorComparer.Compare(a, b, new() { Patterns = ["y*"] }));
    }

    [Fact]
    public void Two_lone_tensors_are_held_against_each_other()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", [1f], 1), b = new ArrayTensors().Add("y", [1f], 1);
        TensorComparison comparison = TensorComparer.Compare(a, b, new());
        Assert.Equal(("x", "y", true), (Only(comparison).Name, comparison.PairedWith, comparison.IsWithin));
        Assert.Null(TensorComparer.Compare(a, a, new()).PairedWith);
    }

    [Fact]
    public void Shapes_have_to_agree_but_for_leading_ones()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", new float[6], 1, 2, 3).Add("y", new float[6], 2, 3);
        using ArrayTensors b = new ArrayTensors().Add("x", new float[6], 2, 3).Add("y", new float[6], 3, 2);
        TensorComparison comparison = TensorComparer.Compare(a, b, new());
        Assert.Equal([StateVerdict.Within, StateVerdict.ShapesDiffer], comparison.States.Select(x => x.Verdict));
        Assert.Equal(("y", "2,3", "3,2"), (comparison.FirstOutside!.Name, string.Join(',', comparison.FirstOutside.ShapeA), string.Join(',', comparison.FirstOutside.ShapeB)));
        Assert.Null(comparison.FirstOutside.RelativeL2);
    }

    public static TheoryData<ElementType> Types => [.. Enum.GetValues<ElementType>()];

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_type_is_widened(ElementType type)
    {
        // 1 and 2 in each; the truth value is only ever 1.
        byte[] one = type switch
        {
            ElementType.F64 => [0, 0, 0, 0, 0, 0, 0xF0, 0x3F],
            ElementType.F32 => [0, 0, 0x80, 0x3F],
            ElementType.BF16 => [0x80, 0x3F],
            ElementType.F16 => [0, 0x3C],
            ElementType.F8E4M3 => [0x38],
            ElementType.F8E5M2 => [0x3C],
            _ => [1, .. new byte[type.ByteSize() - 1]],
        };
        byte[] two = type switch
        {
            ElementType.F64 => [0, 0, 0, 0, 0, 0, 0, 0x40],
            ElementType.F32 => [0, 0, 0, 0x40],
            ElementType.BF16 => [0, 0x40],
            ElementType.F16 => [0, 0x40],
            ElementType.F8E4M3 => [0x40],
            ElementType.F8E5M2 => [0x40],
            _ => [2, .. new byte[type.ByteSize() - 1]],
        };
        using ArrayTensors a = new ArrayTensors().Add("x", type, [.. one, .. two, .. one], 3), b = new ArrayTensors().Add("x", new double[] { 1, 1.5, 1 }, 3);
        StateComparison x = Only(TensorComparer.Compare(a, b, new()));
        Assert.Equal((0.5, new ElementPlace(0, 1), type, ElementType.F64), (x.MaxAbs, x.MaxAbsAt, x.TypeA, x.TypeB));
    }

    [Fact]
    public void Whole_numbers_are_compared_exactly()
    {
        const long Large = (1L << 60) + 1;
        byte[] unsigned = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(unsigned, ulong.MaxValue);
        BinaryPrimitives.WriteUInt64LittleEndian(unsigned.AsSpan(8), Large);
        BinaryPrimitives.WriteUInt64LittleEndian(unsigned.AsSpan(16), 7);
        using ArrayTensors a = new ArrayTensors().Add("x", new long[] { -1, Large, 7 }, 3);
        using ArrayTensors b = new ArrayTensors().Add("x", new long[] { -1, Large - 1, 7 }, 3), c = new ArrayTensors().Add("x", ElementType.U64, unsigned, 3);
        StateComparison x = Only(TensorComparer.Compare(a, b, new() { Tolerance = 1 }));
        Assert.Equal((StateVerdict.Outside, true, 1L, 1.0, new ElementPlace(0, 1)), (x.Verdict, x.IsExact, x.Differing, x.MaxAbs, x.MaxAbsAt));
        Assert.Null(x.RelativeL2);
        x = Only(TensorComparer.Compare(a, c, new()));
        Assert.Equal((1L, Math.Pow(2, 64)), (x.Differing, x.MaxAbs));
        Assert.Equal(StateVerdict.Within, Only(TensorComparer.Compare(a, a, new())).Verdict);
    }

    [Fact]
    public void A_number_against_none_is_outside_whatever_the_tolerance()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", [1, float.NaN, float.PositiveInfinity, 4], 2, 2);
        using ArrayTensors b = new ArrayTensors().Add("x", [1, float.NaN, float.PositiveInfinity, float.NaN], 2, 2);
        StateComparison x = Only(TensorComparer.Compare(a, a, new() { Tolerance = 0 }));
        Assert.Equal((StateVerdict.Within, 1L, 1L, 0L, 2L), (x.Verdict, x.EqualNaNs, x.EqualInfinities, x.NonFiniteDifferences, x.Compared));
        x = Only(TensorComparer.Compare(a, b, new() { Tolerance = 1e9 }));
        Assert.Equal((StateVerdict.Outside, 1L, new ElementPlace(1, 1), 0.0), (x.Verdict, x.NonFiniteDifferences, x.NonFiniteAt, x.RelativeL2));
    }

    [Fact]
    public void Tensors_without_elements_are_equal()
    {
        using ArrayTensors a = new ArrayTensors().Add("x", Array.Empty<float>(), 0, 5).Add("i", Array.Empty<long>(), 0).Add("s", new[] { 3f });
        TensorComparison comparison = TensorComparer.Compare(a, a, new() { HeatColumns = 4 });
        Assert.True(comparison.IsWithin);
        Assert.Equal([0, 1, 0], comparison.States.Select(x => x.Compared));
    }

    [Theory]
    [InlineData(null, "hidden_final_norm")]
    [InlineData("ltx", "hidden_final_norm")]
    [InlineData("car", "hidden_003_block02")]
    public void Hidden_states_are_named_as_dumps_are(string? profile, string last)
    {
        using ArrayTensors a = new ArrayTensors().Add("hidden_states", Nasty.Uniform(1, 4 * 3 * 5), 4, 3, 5);
        if (profile is not null)
        {
            a.Said["profile"] = profile;
        }

        float[] values = Nasty.Uniform(1, 4 * 3 * 5);
        using ArrayTensors dumps = new ArrayTensors()
            .Add("a_stage", [1f], 1)
            .Add(last, values[45..], 1, 3, 5)
            .Add("hidden_002_block01", values[30..45], 1, 3, 5)
            .Add("hidden_001_block00", values[15..30], 1, 3, 5)
            .Add("hidden_000_embed", values[..15], 1, 3, 5);
        TensorComparison comparison = TensorComparer.Compare(a, dumps, new() { Tolerance = 0 });
        Assert.Equal(["hidden_000_embed", "hidden_001_block00", "hidden_002_block01", last], comparison.States.Select(x => x.Name));
        Assert.All(comparison.States, x => Assert.Equal((StateVerdict.Within, 15L), (x.Verdict, x.Compared)));
        Assert.Equal(["a_stage"], comparison.OnlyInB);
        Assert.Equal(4, TensorComparer.Compare(a, dumps, new() { Patterns = ["hidden_states"] }).States.Count);
    }

    [Fact]
    public void The_order_of_dumps_is_that_of_the_computation()
    {
        using ArrayTensors a = new ArrayTensors().Add("gemma_hidden_final", [2f], 1).Add("hidden_final_norm", [2f], 1).Add("hidden_000_embed", [2f], 1);
        using ArrayTensors b = new ArrayTensors().Add("gemma_hidden_final", [1f], 1).Add("hidden_final_norm", [1f], 1).Add("hidden_000_embed", [1f], 1);
        TensorComparison comparison = TensorComparer.Compare(a, b, new());
        Assert.Equal(["hidden_000_embed", "hidden_final_norm", "gemma_hidden_final"], comparison.States.Select(x => x.Name));
        Assert.Equal(("hidden_000_embed", "hidden_000_embed"), (comparison.FirstOutside!.Name, comparison.Worst!.Name));
    }

    [Theory]
    [InlineData("metadata")]
    [InlineData("hidden states")]
    [InlineData("option")]
    [InlineData("other side")]
    public void Features_are_taken_apart(string how)
    {
        const int States = 7, Tokens = 3, Channels = 11;
        float[] stacked = Nasty.Uniform(2, States * Tokens * Channels), other = Nasty.Uniform(3, stacked.Length);
        using ArrayTensors a = new ArrayTensors().Add("features", Interleave(stacked, States, Tokens, Channels), 1, Tokens, Channels * States);
        using ArrayTensors b = new ArrayTensors().Add("gemma_stacked", Interleave(other, States, Tokens, Channels), 1, Tokens, Channels * States).Add("mask", [1f], 1);
        ComparisonOptions options = new() { HeatColumns = Tokens };
        switch (how)
        {
            case "metadata":
                a.Said["states"] = "7";
                break;
            case "hidden states":
                a.Add("hidden_states", stacked, States, Tokens, Channels);
                break;
            case "option":
                options = options with { States = States };
                break;
            default:
                b.Said["states"] = "7";
                break;
        }

        TensorComparison comparison = TensorComparer.Compare(a, b, options);
        Assert.Equal(States, comparison.States.Count);
        for (int i = 0; i < States; i++)
        {
            // The same as whole tensors.
            using ArrayTensors x = new ArrayTensors().Add("x", stacked[(i * Tokens * Channels)..((i + 1) * Tokens * Channels)], Tokens, Channels);
            using ArrayTensors y = new ArrayTensors().Add("x", other[(i * Tokens * Channels)..((i + 1) * Tokens * Channels)], Tokens, Channels);
            StateComparison whole = Only(TensorComparer.Compare(x, y, options with { States = null })), state = comparison.States[i];
            Assert.Equal(($"features/{i}", whole.MaxAbs, whole.MaxAbsAt, 3L), (state.Name, state.MaxAbs, state.MaxAbsAt, state.Rows));
            Assert.Equal(whole.RelativeL2!.Value, state.RelativeL2!.Value, Rounding);
            Assert.Equal(whole.Cosine!.Value, state.Cosine!.Value, Rounding);
            Assert.Equal(whole.WorstRows.Select(w => w.Index), state.WorstRows.Select(w => w.Index));
            Assert.Equal(whole.WorstChannels.Select(w => w.Index), state.WorstChannels.Select(w => w.Index));
            Assert.Equal(whole.Heat!, state.Heat!);
        }
    }

    [Fact]
    public void Features_of_a_published_width_are_taken_apart_and_others_are_not()
    {
        using ArrayTensors a = new ArrayTensors().Add("features", new float[640 * 19], 1, 1, 640 * 19).Add("prompt_embeds", new float[3840], 1, 3840);
        Assert.Equal(20, TensorComparer.Compare(a, a, new()).States.Count);
        Assert.Throws<GemmaException>(() => TensorComparer.Compare(a, a, new() { States = 7 }));
    }

    [Fact]
    public void Rows_wider_than_a_window_are_read_in_pieces()
    {
        const int States = 49, Tokens = 2, Channels = 3840;
        float[] stacked = Nasty.Uniform(4, States * Tokens * Channels), other = [.. stacked];
        other[(17 * Tokens * Channels) + Channels + 3839] += 1;
        using ArrayTensors a = new ArrayTensors().Add("features", Interleave(stacked, States, Tokens, Channels), Tokens, Channels * States);
        using ArrayTensors b = new ArrayTensors().Add("features", Interleave(other, States, Tokens, Channels), Tokens, Channels * States);
        TensorComparison comparison = TensorComparer.Compare(a, b, new() { MaxAbs = 0 });
        Assert.Equal(("features/17", new ElementPlace(1, 3839)), (comparison.FirstOutside!.Name, comparison.FirstOutside.MaxAbsAt!.Value));
        Assert.Single(comparison.States, x => x.Verdict != StateVerdict.Within);
        Assert.Equal((1, 1.0, 3839), (comparison.FirstOutside.WorstRows.Single().Index, comparison.FirstOutside.WorstRows.Single().Share, comparison.FirstOutside.WorstChannels.Single().Index));
    }

    [Fact]
    public void Padding_is_left_out_where_the_masks_agree_on_it()
    {
        float[] values = [9, 9, 1, 2, 3, 4], other = [0, 0, 1, 2, 3, 4];
        using ArrayTensors a = new ArrayTensors().Add("x", values, 1, 3, 2).Add("attention_mask", new long[] { 0, 1, 1 }, 1, 3);
        using ArrayTensors b = new ArrayTensors().Add("x", other, 1, 3, 2).Add("attention_mask", new long[] { 0, 1, 1 }, 1, 3);
        using ArrayTensors odd = new ArrayTensors().Add("x", other, 1, 3, 2).Add("prompt_attention_mask", new long[] { 1, 1, 1 }, 3);
        using ArrayTensors none = new ArrayTensors().Add("x", other, 1, 3, 2);
        TensorComparison comparison = TensorComparer.Compare(a, b, new() { SkipsPadding = true });
        Assert.True(comparison.IsWithin);
        Assert.Equal((1L, 4L), (comparison.States[1].SkippedRows, comparison.States[1].Compared));
        Assert.Equal("x", TensorComparer.Compare(a, b, new()).FirstOutside!.Name);
        Assert.Equal(1, TensorComparer.Compare(a, b, new()).FirstOutside!.ZeroRowsOnlyInB);

        // What is left keeps its place.
        using ArrayTensors off = new ArrayTensors().Add("x", [0f, 0, 1, 2, 3, 5], 1, 3, 2).Add("attention_mask", new long[] { 0, 1, 1 }, 1, 3);
        StateComparison x = TensorComparer.Compare(a, off, new() { SkipsPadding = true }).FirstOutside!;
        Assert.Equal((new ElementPlace(2, 1), 2), (x.MaxAbsAt, x.WorstRows.Single().Index));
        Assert.NotNull(TensorComparer.Compare(a, odd, new() { SkipsPadding = true, Patterns = ["x"] }).FirstOutside);
        Assert.Null(TensorComparer.Compare(a, none, new() { SkipsPadding = true, Patterns = ["x"] }).FirstOutside);
        Assert.Contains("no attention mask", Assert.Throws<GemmaException>(() => TensorComparer.Compare(none, none, new() { SkipsPadding = true })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_ends_where_it_said_and_cancelling_stops()
    {
        using ArrayTensors a = new ArrayTensors().Add("features", new float[1 << 22], 4, 1 << 20).Add("i", new long[1 << 20], 1 << 20);
        Reports reports = new();
        TensorComparison comparison = TensorComparer.Compare(a, a, new() { States = 64 }, reports);
        Assert.Equal((2L << 24) + (2L << 23), comparison.Bytes);
        Assert.True(reports.Values.Count >= 8);
        Assert.All(reports.Values, x => Assert.Equal(comparison.Bytes, x.TotalBytes));
        Assert.Equal(reports.Values.Select(x => x.DoneBytes).Order(), reports.Values.Select(x => x.DoneBytes));
        using CancellationTokenSource source = new();
        Reports stopping = new() { AtFirst = source.Cancel };
        Assert.Throws<OperationCanceledException>(() => TensorComparer.Compare(a, a, new(), stopping, source.Token));
        Assert.Single(stopping.Values);
    }

    [Fact]
    public void Files_of_fixtures_are_themselves()
    {
        string path = Path.Combine(TestFiles.Fixtures, "zoo", "vlm-4bit", "golden.safetensors");
        using SafetensorsTensors a = SafetensorsTensors.Open(path), b = SafetensorsTensors.Open(path);
        TensorComparison comparison = TensorComparer.Compare(a, b, new() { Tolerance = 0 });
        Assert.True(comparison.IsWithin);
        Assert.Contains(comparison.States, x => x.Name == "hidden_states_n7/12");
        Assert.Contains(comparison.States, x => x.Name == "car_features_n7/12");
        Assert.Equal(a.Tensors.Sum(x => x.ByteLength) * 2, comparison.Bytes);
    }

    [Fact]
    public void A_written_file_is_held_against_dumps()
    {
        using TemporaryDirectory directory = new();
        float[] values = Nasty.Uniform(5, 3 * 2 * 4);
        using (SafetensorsWriter writer = SafetensorsWriter.Create(directory["a.safetensors"], [new("hidden_states", ElementType.F32, 3, 2, 4)], new Dictionary<string, string>()))
        {
            writer.Begin("hidden_states");
            writer.Write(MemoryMarshal.AsBytes<float>(values));
            writer.Complete();
        }

        Directory.CreateDirectory(directory["dumps"]);
        foreach ((string name, int state) in new[] { ("hidden_000_embed", 0), ("hidden_001_block00", 1), ("hidden_final_norm", 2) })
        {
            File.WriteAllText(Path.Combine(directory["dumps"], name + ".meta"), "[1, 2, 4]\n");
            File.WriteAllBytes(Path.Combine(directory["dumps"], name + ".bin"), MemoryMarshal.AsBytes<float>(values.AsSpan(state * 8, 8)).ToArray());
        }

        using SafetensorsTensors a = SafetensorsTensors.Open(directory["a.safetensors"]);
        using DumpTensors b = DumpTensors.Open(directory["dumps"]);
        TensorComparison comparison = TensorComparer.Compare(a, b, new() { Tolerance = 0 });
        Assert.Equal((true, 3), (comparison.IsWithin, comparison.States.Count));
    }

    private static StateComparison Only(TensorComparison comparison) => Assert.Single(comparison.States);

    private static float[] Interleave(float[] stacked, int states, int tokens, int channels)
    {
        float[] features = new float[stacked.Length];
        for (int state = 0; state < states; state++)
        {
            for (int i = 0; i < tokens * channels; i++)
            {
                features[(i * states) + state] = stacked[(state * tokens * channels) + i];
            }
        }

        return features;
    }

    private sealed class Reports : IProgress<ComparisonProgress>
    {
        public List<ComparisonProgress> Values { get; } = [];

        public Action? AtFirst { get; init; }

        public void Report(ComparisonProgress value)
        {
            Values.Add(value);
            AtFirst?.Invoke();
        }
    }
}
