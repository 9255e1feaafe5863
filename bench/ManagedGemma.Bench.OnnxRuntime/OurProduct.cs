using ManagedGemma.Checkpoints;
using ManagedGemma.Kernels;
using ManagedGemma.Memory;
using ManagedGemma.Model;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>The products of a case as the decoder does them: the input is rounded, then all matrices take it in one step.</summary>
internal sealed unsafe class OurProduct : IDisposable
{
    private readonly KernelTable _kernels = KernelTable.ForMachine();
    private readonly WorkerTeam _team;
    private readonly TensorMemory[] _memories;
    private readonly Linear[] _targets;
    private readonly NativeBuffer _x;
    private readonly NativeBuffer _y;
    private readonly int _rows;
    private readonly Dictionary<Precision, LinearInput> _inputs = [];

    /// <summary>Takes the matrices in MLX's layout.</summary>
    public OurProduct(Case shape, IReadOnlyList<AffineMatrix> matrices, float[] x, IEnumerable<Precision> precisions)
    {
        _team = new WorkerTeam(shape.Threads);
        _memories = new TensorMemory[matrices.Count];
        _targets = new Linear[matrices.Count];
        for (int i = 0; i < matrices.Count; i++)
        {
            _targets[i] = new Linear(matrices[i].ToMlx(out _memories[i]), _kernels);
        }

        _rows = matrices.Sum(matrix => matrix.Rows);
        _x = NativeBuffer.OfFloats(x.Length);
        _y = NativeBuffer.OfFloats((long)shape.Tokens * _rows);
        x.CopyTo(new Span<float>(_x.Floats, x.Length));
        foreach (Precision precision in precisions)
        {
            _inputs[precision] = new LinearInput(_kernels, precision, new PassLayout([(shape.Tokens, 0)]));
            _inputs[precision].Set(_x.Floats, shape.Columns, _targets);
        }
    }

    /// <summary>y[token, row] of a matrix.</summary>
    public float this[int matrix, int token, int row] =>
        _y.Floats[((long)token * _rows) + _targets.Take(matrix).Sum(target => target.Rows) + row];

    /// <summary>Rounds the input and multiplies it with all matrices.</summary>
    public void Run(Precision precision)
    {
        LinearInput input = _inputs[precision];
        RoundStep round = new(input);
        _team.Run(ref round, TokenStep.Tasks(input.Count));
        LinearStep multiply = new(_targets, input, _kernels, _y.Floats, _rows, _team.ThreadCount);
        _team.Run(ref multiply, multiply.Tasks);
    }

    public void Dispose()
    {
        foreach (LinearInput input in _inputs.Values)
        {
            input.Dispose();
        }

        _team.Dispose();
        _x.Dispose();
        _y.Dispose();
        Array.ForEach(_memories, memory => memory.Dispose());
    }
}
