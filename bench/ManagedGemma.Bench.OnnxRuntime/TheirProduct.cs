using Microsoft.ML.OnnxRuntime;

namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>The products of a case by ONNX Runtime.</summary>
internal sealed class TheirProduct : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtValue _input;
    private readonly OrtValue[] _outputs;
    private readonly string[] _outputNames;

    /// <summary>Loads the model; weights are repacked here.</summary>
    public TheirProduct(Case shape, IReadOnlyList<AffineMatrix> matrices, float[] x)
    {
        using SessionOptions options = new()
        {
            IntraOpNumThreads = shape.Threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };

        // Between its turns it must not spin on the cores that the other side is measured on; within a run it spins as ever.
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        _session = new InferenceSession(OnnxModel.Of(matrices, shape.Tokens), options);
        _input = OrtValue.CreateTensorValueFromMemory(x, [shape.Tokens, shape.Columns]);
        Outputs = [.. matrices.Select(_ => new float[shape.Tokens * shape.Rows])];
        _outputs = [.. Outputs.Select(y => OrtValue.CreateTensorValueFromMemory(y, [shape.Tokens, shape.Rows]))];
        _outputNames = [.. Enumerable.Range(0, matrices.Count).Select(OnnxModel.Output)];
    }

    /// <summary>The runtime's version.</summary>
    public static string Version => OrtEnv.Instance().GetVersionString();

    /// <summary>[matrix][tokens, rows].</summary>
    public IReadOnlyList<float[]> Outputs { get; }

    /// <summary>Multiplies the input with all matrices.</summary>
    public void Run() => _session.Run(_run, [OnnxModel.Input], [_input], _outputNames, _outputs);

    public void Dispose()
    {
        Array.ForEach(_outputs, output => output.Dispose());
        _input.Dispose();
        _run.Dispose();
        _session.Dispose();
    }
}
