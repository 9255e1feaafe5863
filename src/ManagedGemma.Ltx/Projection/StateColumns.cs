using ManagedGemma.Ltx.Products;
using ManagedGemma.Ltx.Weights;

namespace ManagedGemma.Ltx.Projection;

/// <summary>
/// The columns of the projection that belong to some neighbouring states. In the file column d · states + state; here
/// d · count + (state − first), as if the matrix had those states alone.
/// </summary>
internal sealed class StateColumns(DenseMatrix matrix, int states, int firstState, int count) : IRowSource
{
    /// <inheritdoc/>
    public int Rows => matrix.Rows;

    /// <inheritdoc/>
    public int ScratchFloats(int weights) => count == states ? 0 : weights / count * states;

    /// <summary>Copies part of a row; both ends lie between two d.</summary>
    /// <inheritdoc/>
    public void Read(int row, int first, Span<float> destination, Span<float> scratch)
    {
        if (count == states)
        {
            matrix.Read(row, first, destination);
            return;
        }

        // From the first of our states at the first d to the last at the last d, other states between them included: one sequential read.
        int dimensions = destination.Length / count, length = ((dimensions - 1) * states) + count;
        matrix.Read(row, (first / count * states) + firstState, scratch[..length]);
        for (int d = 0; d < dimensions; d++)
        {
            scratch.Slice(d * states, count).CopyTo(destination[(d * count)..]);
        }
    }

    /// <inheritdoc/>
    public void Prefetch(int row, int first, int weights) =>
        matrix.Prefetch(row, (first / count * states) + firstState, weights / count * states);
}
