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

    /// <summary>Takes states that <see cref="ToRows"/> gave.</summary>
    /// <param name="rows">[states · tokens, hidden size].</param>
    /// <param name="tokens">Tokens of each state.</param>
    /// <param name="encoder">Where the states come from, for messages.</param>
    internal static StackedStates FromRows(EmbeddingRows rows, int tokens, string encoder)
    {
        StackedStates states = new(encoder);
        states.Begin(new HiddenStateShape(rows.Count / tokens, tokens, rows.Width));
        int length = tokens * rows.Width;
        for (int i = 0; i < states.Shape.States; i++)
        {
            states._states[i] = Round(rows.Values.Span.Slice(i * length, length));
        }

        return states;
    }

    /// <summary>[states · tokens, hidden size]: all states as float32, which holds BF16 exactly.</summary>
    internal EmbeddingRows ToRows()
    {
        int length = Shape.Tokens * Shape.HiddenSize;
        float[] values = new float[(long)length * Shape.States];
        for (int i = 0; i < Shape.States; i++)
        {
            ElementConversion.ToSingles(MemoryMarshal.AsBytes(_states[i].AsSpan()), ElementType.BF16, values.AsSpan(i * length, length));
        }

        return new EmbeddingRows(Shape.States * Shape.Tokens, Shape.HiddenSize, values);
    }

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
        _states[index] = Round(state.Values);
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

    private static ushort[] Round(ReadOnlySpan<float> values)
    {
        ushort[] rounded = GC.AllocateUninitializedArray<ushort>(values.Length);
        ElementConversion.FromSingles(values, ElementType.BF16, MemoryMarshal.AsBytes(rounded.AsSpan()));
        return rounded;
    }
}
