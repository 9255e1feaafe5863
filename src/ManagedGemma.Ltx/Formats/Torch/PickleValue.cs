using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Torch;

/// <summary>A value on a pickle's stack: data, never anything that runs.</summary>
internal abstract record PickleValue
{
    /// <summary>A text.</summary>
    public sealed record Text(string Value) : PickleValue;

    /// <summary>An integer.</summary>
    public sealed record Integer(long Value) : PickleValue;

    /// <summary>A truth value.</summary>
    public sealed record Truth(bool Value) : PickleValue;

    /// <summary>A name, one of <see cref="TorchNames"/>.</summary>
    public sealed record Global(string Name) : PickleValue;

    /// <summary>A tuple.</summary>
    public sealed record Tuple(PickleValue[] Items) : PickleValue;

    /// <summary>The empty dict of hooks.</summary>
    public sealed record NoHooks : PickleValue;

    /// <summary>A record's elements.</summary>
    public sealed record Storage(string Key, ElementType Type, long Count) : PickleValue;

    /// <summary>A tensor in a storage.</summary>
    public sealed record Tensor(Storage Elements, long Offset, long[] Shape, long[] Strides) : PickleValue;

    /// <summary>The dict of tensors.</summary>
    public sealed record Dict(Dictionary<string, Tensor> Items) : PickleValue;
}
