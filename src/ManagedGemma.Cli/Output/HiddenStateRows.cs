using System.Diagnostics;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Output;

/// <summary>A sink that writes the layers + 1 hidden states into a <see cref="FeatureFile"/> as they come; nothing is kept.</summary>
internal sealed class HiddenStateRows(FeatureFile file, int length) : IHiddenStateSink
{
    private readonly Stopwatch _watch = new();
    private HiddenStateShape _shape;

    /// <summary>How much of the run went into writing.</summary>
    public TimeSpan Elapsed => _watch.Elapsed;

    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape)
    {
        _shape = shape;
        file.Begin("hidden_states");
    }

    /// <inheritdoc/>
    public void Accept(in HiddenState state)
    {
        if (state.Index is null)
        {
            return;
        }

        // The states with an index come in its order, which is the order of the tensor.
        _watch.Start();
        float[] padding = new float[_shape.HiddenSize];
        for (int row = _shape.Tokens; row < length; row++)
        {
            file.WriteRow(padding);
        }

        for (int token = 0; token < _shape.Tokens; token++)
        {
            file.WriteRow(state.Values.Slice(token * _shape.HiddenSize, _shape.HiddenSize));
        }

        _watch.Stop();
    }
}
