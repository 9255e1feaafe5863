using ManagedGemma.Checkpoints;

namespace ManagedGemma.Comparison.Sources;

/// <summary>A tensor of a mapped file. It is read through the file's handle, so that a large file does not fill the process.</summary>
internal sealed class ViewTensor(TensorView view) : NamedTensor(view.Name, view.File, view.ElementType, view.Shape, view.ByteLength)
{
    /// <inheritdoc/>
    public override void Read(long byteOffset, Span<byte> destination)
    {
        if (view.Range is { } range)
        {
            range.File.Read(range.Offset + byteOffset, destination);
        }
        else
        {
            view.CopyTo(byteOffset, destination);
        }
    }
}
