using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Support;

/// <summary>Tensors of a golden file, and how far something is from them.</summary>
internal sealed class Golden : IDisposable
{
    private readonly SafetensorsFile _file;

    public Golden(string path) => _file = SafetensorsFile.Open(path);

    public IEnumerable<string> Names => _file.Tensors.Select(x => x.Name);

    public bool Has(string name) => _file.TryGetTensor(name, out _);

    public int[] Ints(string name)
    {
        TensorView tensor = _file.Tensor(name);
        int[] values = new int[tensor.ElementCount];
        tensor.CopyTo(0, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public byte[] Bytes(string name)
    {
        TensorView tensor = _file.Tensor(name);
        byte[] bytes = new byte[tensor.ByteLength];
        tensor.CopyTo(0, bytes);
        return bytes;
    }

    public float[] Floats(string name) => _file.Tensor(name).ToSingles();

    public void Dispose() => _file.Dispose();

    /// <summary>|actual − expected|₂ / |expected|₂; NaN anywhere gives NaN, which no tolerance admits.</summary>
    public static double RelativeL2(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = 0, norm = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            difference += Math.Pow((double)actual[i] - expected[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        return Math.Sqrt(difference / norm);
    }

    /// <summary>The greatest <see cref="RelativeL2"/> over states, each [rows, …] of the golden's rows.</summary>
    public static double WorstState(IReadOnlyList<float[]> states, ReadOnlySpan<float> expected, ReadOnlySpan<int> rows, int hiddenSize)
    {
        double worst = 0;
        int stateSize = rows.Length * hiddenSize;
        Assert.Equal(expected.Length, states.Count * stateSize);
        for (int state = 0; state < states.Count; state++)
        {
            float[] picked = new float[stateSize];
            for (int i = 0; i < rows.Length; i++)
            {
                states[state].AsSpan(rows[i] * hiddenSize, hiddenSize).CopyTo(picked.AsSpan(i * hiddenSize));
            }

            double error = RelativeL2(picked, expected.Slice(state * stateSize, stateSize));
            worst = error > worst || double.IsNaN(error) ? error : worst;
        }

        return worst;
    }

    public static int[] AllRows(int count) => [.. Enumerable.Range(0, count)];
}
