using ManagedGemma.Model;

namespace ManagedGemma.Conditioning;

/// <summary>Hands each state to several sinks, in their order.</summary>
public sealed class CompositeSink(params IReadOnlyList<IHiddenStateSink> sinks) : IHiddenStateSink
{
    /// <inheritdoc/>
    public void Begin(HiddenStateShape shape)
    {
        foreach (IHiddenStateSink sink in sinks)
        {
            sink.Begin(shape);
        }
    }

    /// <inheritdoc/>
    public void Accept(in HiddenState state)
    {
        foreach (IHiddenStateSink sink in sinks)
        {
            sink.Accept(state);
        }
    }
}
