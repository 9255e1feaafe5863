using ManagedGemma.Model;

namespace ManagedGemma.Conditioning;

/// <summary>A sink that keeps all hidden states.</summary>
public sealed class HiddenStateCollector : IHiddenStateSink
{
    private float[][] _states = [];

    /// <summary>What was collected.</summary>
    public HiddenStateShape Shape { get; private set; }

    /// <summary>layers + 1 states, each [tokens, hidden size].</summary>
    public IReadOnlyList<float[]> States => _states;

    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape)
    {
        Shape = shape;
        _states = new float[shape.States][];
    }

    /// <inheritdoc/>
    public void Accept(in HiddenState state)
    {
        if (state.Index is { } index)
        {
            _states[index] = state.Values.ToArray();
        }
    }
}
