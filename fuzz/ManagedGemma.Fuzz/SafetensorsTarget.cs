using ManagedGemma.Checkpoints;

namespace ManagedGemma.Fuzz;

/// <summary>A whole safetensors file. What loads must lie inside the file, and every byte of data in one tensor.</summary>
internal sealed class SafetensorsTarget : IFuzzTarget
{
    public string Name => "safetensors";

    public void Run(ReadOnlySpan<byte> input)
    {
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeader.Parse(input, input.Length, Name);
        }
        catch (GemmaException)
        {
            return;
        }

        long sum = header.DataStart;
        HashSet<string> names = [];
        foreach (SafetensorsTensor tensor in header.Tensors)
        {
            Invariant.Holds(names.Add(tensor.Name), "names are unique");
            Invariant.Holds(tensor.Offset >= header.DataStart && tensor.ByteLength >= 0, "offsets are not negative");
            Invariant.Holds(tensor.ByteLength <= input.Length - tensor.Offset, "tensors lie inside the file");
            long elements = 1;
            foreach (long dimension in tensor.Shape)
            {
                elements *= dimension;
            }

            Invariant.Holds(elements * tensor.ElementType.ByteSize() == tensor.ByteLength, "shape and bytes agree");
            sum += tensor.ByteLength;
        }

        Invariant.Holds(sum == input.Length, "every byte belongs to one tensor");
    }
}
