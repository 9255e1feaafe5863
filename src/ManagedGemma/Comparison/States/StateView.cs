using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;

namespace ManagedGemma.Comparison.States;

/// <summary>
/// A matrix inside a tensor: a state of several, or a whole tensor seen as rows of its last dimension. Element (row, channel) is
/// element <c>First + (row · Channels + channel) · Stride + Lane</c> of the tensor.
/// </summary>
/// <param name="Name">Unique in its set, and the same for what is to be compared.</param>
/// <param name="Tensor">Holds it.</param>
/// <param name="Shape">What has to agree: the tensor's without leading ones, or [rows, channels].</param>
/// <param name="Rows">Rows: tokens, where the tensor has any.</param>
/// <param name="Channels">Elements of a row.</param>
internal sealed record StateView(string Name, NamedTensor Tensor, IReadOnlyList<long> Shape, long Rows, long Channels)
{
    /// <summary>Elements before the first row.</summary>
    public long First { get; init; }

    /// <summary>States that take turns within a row; 1: none.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Which of those this is.</summary>
    public int Lane { get; init; }

    /// <summary>Elements.</summary>
    public long Count => Rows * Channels;

    /// <summary>Bytes of its elements.</summary>
    public long Bytes => Count * Tensor.ElementType.ByteSize();
}
