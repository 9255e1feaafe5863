using ManagedGemma.Kernels;
using ManagedGemma.Model;

namespace ManagedGemma.Conditioning;

/// <summary>
/// A sink that makes LTX's features. States are normed as they come and kept one after the other; a token's row, where the
/// states are interleaved (index = d · states + state), is put together when it is read.
/// </summary>
public sealed class FeatureSink : IHiddenStateSink
{
    private readonly StateNorm _norm;
    private float[][] _states = [];

    /// <summary>A sink for one run.</summary>
    /// <param name="version">Which features.</param>
    /// <param name="epsilon">Added to the mean square (V2).</param>
    public FeatureSink(FeatureVersion version = FeatureVersion.V2, float epsilon = 1e-6f)
        : this(KernelTable.ForMachine(), version, epsilon)
    {
    }

    internal FeatureSink(KernelTable kernels, FeatureVersion version, float epsilon)
    {
        _norm = new StateNorm(kernels, version, epsilon);
    }

    /// <summary>What the features are made of.</summary>
    public HiddenStateShape Shape { get; private set; }

    /// <summary>Elements of a token's row: hidden size · states.</summary>
    public int Width => Shape.HiddenSize * Shape.States;

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
            float[] normed = GC.AllocateUninitializedArray<float>(state.Values.Length);
            _norm.Normalize(state.Values, Shape.HiddenSize, normed);
            _states[index] = normed;
        }
    }

    /// <summary>Puts a token's row together.</summary>
    /// <param name="token">The token, from 0; padding is not counted.</param>
    /// <param name="destination"><see cref="Width"/> elements.</param>
    public void CopyRow(int token, Span<float> destination)
    {
        int states = Shape.States, hidden = Shape.HiddenSize;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)Shape.Tokens, nameof(token));
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, Width, nameof(destination));
        for (int state = 0; state < states; state++)
        {
            ReadOnlySpan<float> row = _states[state].AsSpan(token * hidden, hidden);
            int target = state;
            foreach (float value in row)
            {
                destination[target] = value;
                target += states;
            }
        }
    }
}
