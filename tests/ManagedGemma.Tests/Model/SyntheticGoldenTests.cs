using ManagedGemma.Bench;
using ManagedGemma.Checkpoints.Synthetic;
using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using Xunit.Abstractions;

namespace ManagedGemma.Tests.Model;

/// <summary>The 12b at full size with six layers of weights from a counter, against a float64 run of the definition.</summary>
[Trait("Category", "Slow")]
public class SyntheticGoldenTests(ITestOutputHelper output)
{
    [SlowGoldenFact]
    public void Six_layers_of_the_12b_match_in_every_precision()
    {
        using GemmaModel model = GemmaModel.Load(SyntheticModels.Get(layers: 6));
        using Golden golden = new(Path.Combine(TestFiles.Goldens!, "synthetic-12b", "layers-6.safetensors"));
        int[] ids = golden.Ints("ids");
        foreach ((Precision precision, double tolerance) in new[] { (Precision.Float32, 1e-5), (Precision.Precise, 1e-3), (Precision.Fast, 3e-2) })
        {
            HiddenStateCollector states = new();
            FeatureSink features = new();
            model.Run(ids, new CompositeSink(states, features), new RunOptions { Precision = precision });
            float[][] picked = [.. golden.Ints("states").Select(index => states.States[index])];
            double error = Golden.WorstState(picked, golden.Floats("hidden_states"), Golden.AllRows(ids.Length), model.Config.HiddenSize);
            float[] last = new float[features.Width];
            features.CopyRow(ids.Length - 1, last);
            double featureError = Golden.RelativeL2(last, golden.Floats("features_v2_last_token"));
            output.WriteLine($"{precision}: worst state {error:0.0e+0}, features of the last token {featureError:0.0e+0}");
            Assert.InRange(error, 0, tolerance);
            Assert.InRange(featureError, 0, tolerance);
        }
    }
}
