using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Projection;
using ManagedGemma.Model;

namespace ManagedGemma.Ltx.Formats;

/// <summary>
/// A sink that keeps a prompt's hidden states as BF16, the type in which they are handed on: 0.38 MB a token of the 12b. They lie one after
/// the other as they came; a token's row, where they are interleaved (index = d · states + state), is put together when it is read.
/// </summary>
/// <param name="encoder">Where the states come from, for messages.</param>
public sealed class StackedStates(string encoder) : IHiddenStateSink
{
    private ushort[][] _states = [];

    /// <summary>What was collected.</summary>
    public HiddenStateShape Shape { get; private set; }

    /// <summary>Elements of a token's row: hidden size · states.</summary>
    public int Width => Shape.HiddenSize * Shape.States;

    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape)
    {
        Shape = shape;
        _states = new ushort[shape.States][];
    }

    /// <inheritdoc/>
    /// <exception cref="GemmaException">The state holds NaN or infinity; its layer is named.</exception>
    public void Accept(in HiddenState state)
    {
        if (state.Index is not { } index)
        {
            return;
        }

        StateFaults.RequireFinite(state, encoder);
        ushort[] rounded = GC.AllocateUninitializedArray<ushort>(state.Values.Length);
        ElementConversion.FromSingles(state.Values, ElementType.BF16, MemoryMarshal.AsBytes(rounded.AsSpan()));
        _states[index] = rounded;
    }

    /// <summary>Puts a token's row together, as BF16.</summary>
    /// <param name="token">The token, from 0; padding is not counted.</param>
    /// <param name="destination"><see cref="Width"/> elements.</param>
    public void CopyRow(int token, Span<ushort> destination)
    {
        int states = Shape.States, hidden = Shape.HiddenSize;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)Shape.Tokens, nameof(token));
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, Width, nameof(destination));
        for (int state = 0; state < states; state++)
        {
            int target = state;
            foreach (ushort value in _states[state].AsSpan(token * hidden, hidden))
            {
                destination[target] = value;
                target += states;
            }
        }
    }
}
