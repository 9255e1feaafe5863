namespace ManagedGemma.Model;

/// <summary>Takes hidden states one by one, in order, as they are computed; what it does not copy is gone.</summary>
public interface IHiddenStateSink
{
    /// <summary>Called once, before the first state.</summary>
    void Begin(HiddenStateShape shape);

    /// <summary>Called for the embeddings, each block's raw output and the final norm, on the thread that runs the model.</summary>
    void Accept(in HiddenState state);
}
