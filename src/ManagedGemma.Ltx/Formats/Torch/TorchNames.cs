using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Torch;

/// <summary>Names in a <c>torch.save</c> file.</summary>
internal static class TorchNames
{
    /// <summary>Module and name of what makes a tensor of a storage.</summary>
    public const string RebuildTensor = "torch._utils _rebuild_tensor_v2";

    /// <summary>The dict of hooks, always empty.</summary>
    public const string OrderedDict = "collections OrderedDict";

    /// <summary>The first word of a storage's name.</summary>
    public const string Storage = "storage";

    /// <summary>Where a storage was.</summary>
    public const string Cpu = "cpu";

    private static readonly (ElementType Type, string Name)[] Storages =
    [
        (ElementType.BF16, "torch BFloat16Storage"),
        (ElementType.F16, "torch HalfStorage"),
        (ElementType.F32, "torch FloatStorage"),
        (ElementType.F64, "torch DoubleStorage"),
        (ElementType.I64, "torch LongStorage"),
        (ElementType.I32, "torch IntStorage"),
        (ElementType.I16, "torch ShortStorage"),
        (ElementType.I8, "torch CharStorage"),
        (ElementType.U8, "torch ByteStorage"),
        (ElementType.Bool, "torch BoolStorage"),
    ];

    /// <summary>Module and name of a storage's type.</summary>
    public static string StorageOf(ElementType type) => Array.Find(Storages, x => x.Type == type).Name
        ?? throw new NotSupportedException($"{type} is not written.");

    /// <summary>The element type of a storage's type; null: none that is known.</summary>
    public static ElementType? TypeOf(string name)
    {
        int index = Array.FindIndex(Storages, x => x.Name == name);
        return index < 0 ? null : Storages[index].Type;
    }
}
