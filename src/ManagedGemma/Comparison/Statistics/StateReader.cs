using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.States;

namespace ManagedGemma.Comparison.Statistics;

/// <summary>Reads runs of a state as float64. States that take turns within a row share what was read for one of them.</summary>
internal sealed class StateReader
{
    private readonly TensorWindow _window = new();
    private double[] _block = [];
    private (Sources.NamedTensor? Tensor, long Element, int Count) _held;

    /// <summary>Reads.</summary>
    /// <param name="state">The state.</param>
    /// <param name="row">Its row.</param>
    /// <param name="channel">The first channel.</param>
    /// <param name="values">Takes as many channels as it is long; times the stride they fit the window.</param>
    public void Read(StateView state, long row, long channel, Span<double> values)
    {
        long element = state.First + (((row * state.Channels) + channel) * state.Stride);
        if (state.Stride == 1)
        {
            Widen(state, element, values);
            return;
        }

        int count = values.Length * state.Stride;
        if (_block.Length < count)
        {
            _block = new double[count];
        }

        if (_held != (state.Tensor, element, count))
        {
            _held = default;
            Widen(state, element, _block.AsSpan(0, count));
            _held = (state.Tensor, element, count);
        }

        for (int i = 0, from = state.Lane; i < values.Length; i++, from += state.Stride)
        {
            values[i] = _block[from];
        }
    }

    private void Widen(StateView state, long element, Span<double> values)
    {
        ElementType type = state.Tensor.ElementType;
        int size = type.ByteSize();
        ElementWidening.ToDoubles(_window.Read(state.Tensor, element * size, values.Length * size), type, values);
    }
}
