using ManagedGemma.Comparison.Statistics;

namespace ManagedGemma.Comparison.States;

/// <summary>A state of both sides.</summary>
internal sealed record StatePair(StateView A, StateView B)
{
    /// <summary>Whether the two can be compared.</summary>
    public bool HasOneShape => A.Shape.SequenceEqual(B.Shape);

    /// <summary>Whether both sides are whole numbers.</summary>
    public bool IsExact => A.Tensor.ElementType.IsIntegral() && B.Tensor.ElementType.IsIntegral();

    /// <summary>Bytes of both sides.</summary>
    public long Bytes => HasOneShape ? A.Bytes + B.Bytes : 0;

    /// <summary>Whether a state lies between this one's elements on both sides, so that both are best read in one pass.</summary>
    public bool IsInterleavedWith(StatePair other) => A.Stride > 1
        && A.Stride == B.Stride
        && ReferenceEquals(A.Tensor, other.A.Tensor)
        && ReferenceEquals(B.Tensor, other.B.Tensor)
        && A.Stride == other.A.Stride
        && HasOneShape
        && other.HasOneShape;
}
