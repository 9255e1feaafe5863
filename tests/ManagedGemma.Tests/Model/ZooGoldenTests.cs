using ManagedGemma.Conditioning;
using ManagedGemma.Kernels;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Model;

/// <summary>Tiny checkpoints against float64 runs of the definition, on every instruction set that this machine has.</summary>
public class ZooGoldenTests
{
    // A float32 path: likely mistakes (window off by one, eps, GELU kind) cost 10⁻⁵ and more on these checkpoints.
    private const double Float32Tolerance = 1e-5;

    // 16-bit activations: 2·10⁻⁴ expected on real weights; these have channels up to 30 times the others.
    private const double PreciseTolerance = 2e-3;

    public static TheoryData<string, string, InstructionSet> Cases()
    {
        TheoryData<string, string, InstructionSet> cases = [];
        foreach (InstructionSet set in Enum.GetValues<InstructionSet>().Where(InstructionSets.IsAccelerated))
        {
            foreach (ZooModel model in ZooModel.All)
            {
                foreach (string name in model.Cases)
                {
                    cases.Add(model.Name, name, set);
                }
            }
        }

        return cases;
    }

    public static TheoryData<string, string> CarCases() => CasesWith("car_hidden_states_");

    public static TheoryData<string, string> FeatureCases() => CasesWith("features_v2_");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Hidden_states_and_logits_match_in_float32(string model, string name, InstructionSet set) =>
        Check(model, name, set, Precision.Float32, Float32Tolerance);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Hidden_states_and_logits_match_in_precise(string model, string name, InstructionSet set) =>
        Check(model, name, set, Precision.Precise, PreciseTolerance);

    [Theory]
    [MemberData(nameof(CarCases))]
    public void The_car_profile_matches_in_float32(string folder, string name)
    {
        using Golden golden = new(ZooModel.Named(folder).GoldenPath);
        using GemmaModel model = GemmaModel.Load(ZooModel.Named(folder).Path, new GemmaModelOptions { Threads = 2 });
        int[] ids = golden.Ints($"ids_{name}");
        HiddenStateCollector states = new();
        FeatureSink features = new(FeatureVersion.V2, Profile.Car.FeatureEpsilon(model.Config));
        FinalNormSink final = new();
        model.Run(ids, new CompositeSink(states, features, final), new RunOptions { Precision = Precision.Float32, Rules = DecoderRules.CarInference });
        Assert.InRange(Golden.WorstState(states.States, golden.Floats($"car_hidden_states_{name}"), Golden.AllRows(ids.Length), model.Config.HiddenSize), 0, Float32Tolerance);
        Assert.InRange(Golden.RelativeL2(final.Values, golden.Floats($"car_final_norm_{name}")), 0, Float32Tolerance);
        if (golden.Has($"car_features_{name}"))
        {
            Assert.InRange(Golden.RelativeL2(Rows(features, ids.Length), golden.Floats($"car_features_{name}")), 0, Float32Tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(FeatureCases))]
    public void Features_match_in_float32(string folder, string name)
    {
        using Golden golden = new(ZooModel.Named(folder).GoldenPath);
        using GemmaModel model = GemmaModel.Load(ZooModel.Named(folder).Path, new GemmaModelOptions { Threads = 2 });
        int[] ids = golden.Ints($"ids_{name}");
        FeatureSink first = new(FeatureVersion.V1, Profile.Ltx.FeatureEpsilon(model.Config)), second = new(FeatureVersion.V2, Profile.Ltx.FeatureEpsilon(model.Config));
        model.Run(ids, new CompositeSink(first, second), new RunOptions { Precision = Precision.Float32 });
        Assert.InRange(Golden.RelativeL2(Rows(first, ids.Length), golden.Floats($"features_v1_{name}")), 0, Float32Tolerance);
        Assert.InRange(Golden.RelativeL2(Rows(second, ids.Length), golden.Floats($"features_v2_{name}")), 0, Float32Tolerance);
    }

    public static TheoryData<string, string> LogitCases() => CasesWith("logits_all_");

    // A log-probability is a difference of logits: twice their relative error times their size, which is below 100 here.
    [Theory]
    [MemberData(nameof(LogitCases))]
    public void Log_probabilities_of_every_position_match_in_float32(string folder, string name)
    {
        using Golden golden = new(ZooModel.Named(folder).GoldenPath);
        using GemmaModel model = GemmaModel.Load(ZooModel.Named(folder).Path, new GemmaModelOptions { Threads = 2 });
        int[] ids = golden.Ints($"ids_{name}");
        float[] logits = golden.Floats($"logits_all_{name}"), actual = model.LogProbabilities(ids, new RunOptions { Precision = Precision.Float32 });
        int vocabulary = logits.Length / ids.Length;
        Assert.Equal(ids.Length - 1, actual.Length);
        for (int i = 0; i < actual.Length; i++)
        {
            double[] row = [.. logits.AsSpan(i * vocabulary, vocabulary).ToArray().Select(logit => (double)logit)];
            double largest = row.Max(), expected = row[ids[i + 1]] - largest - Math.Log(row.Sum(logit => Math.Exp(logit - largest)));
            Assert.Equal(expected, actual[i], 2 * Float32Tolerance * 100);
        }
    }

    internal static float[] Rows(FeatureSink features, int tokens)
    {
        float[] all = new float[tokens * features.Width];
        for (int token = 0; token < tokens; token++)
        {
            features.CopyRow(token, all.AsSpan(token * features.Width, features.Width));
        }

        return all;
    }

    private static TheoryData<string, string> CasesWith(string prefix)
    {
        TheoryData<string, string> cases = [];
        foreach (ZooModel model in ZooModel.All)
        {
            using Golden golden = new(model.GoldenPath);
            foreach (string name in model.Cases.Where(x => golden.Has(prefix + x)))
            {
                cases.Add(model.Name, name);
            }
        }

        return cases;
    }

    private static void Check(string folder, string name, InstructionSet set, Precision precision, double tolerance)
    {
        using Golden golden = new(ZooModel.Named(folder).GoldenPath);
        using GemmaModel model = GemmaModel.Load(ZooModel.Named(folder).Path, new GemmaModelOptions { Threads = 2, InstructionSet = set });
        RunOptions options = new() { Precision = precision };
        int[] ids = golden.Ints($"ids_{name}");
        HiddenStateCollector states = new();
        model.Run(ids, states, options);
        Assert.InRange(Golden.WorstState(states.States, golden.Floats($"hidden_states_{name}"), Golden.AllRows(ids.Length), model.Config.HiddenSize), 0, tolerance);
        Assert.InRange(Golden.RelativeL2(model.LastLogits(ids, options), golden.Floats($"logits_{name}")), 0, tolerance);
    }

    private sealed class FinalNormSink : IHiddenStateSink
    {
        public float[] Values { get; private set; } = [];

        public void Begin(HiddenStateShape shape)
        {
        }

        public void Accept(in HiddenState state) => Values = state.Stage == HiddenStateStage.FinalNorm ? state.Values.ToArray() : Values;
    }
}
