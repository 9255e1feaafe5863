using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats;

/// <summary>A tensor of a format: [T, width], or [T] of integers.</summary>
/// <param name="Name">The key.</param>
/// <param name="Source">Where its rows come from.</param>
/// <param name="Type">The type of an element.</param>
/// <param name="HasBatchAxis">Whether an axis of 1 comes first.</param>
internal sealed record FormatTensor(string Name, RowSource Source, ElementType Type, bool HasBatchAxis)
{
    private bool IsMask => Source is RowSource.PromptMask or RowSource.ContextMask;

    /// <summary>The part of a result that the rows are of.</summary>
    public ConditioningParts Part => Source switch
    {
        RowSource.VideoContext or RowSource.AudioContext or RowSource.BothContexts => ConditioningParts.Context,
        RowSource.VideoProjection or RowSource.AudioProjection => ConditioningParts.Projection,
        RowSource.HiddenStates => ConditioningParts.HiddenStates,
        _ => ConditioningParts.None,
    };

    /// <summary>Name, type and shape.</summary>
    public SafetensorsSpec Spec(ConditioningShape shape)
    {
        List<long> dimensions = HasBatchAxis ? [1, shape.Length] : [shape.Length];
        if (!IsMask)
        {
            dimensions.Add(Width(shape));
        }

        return new SafetensorsSpec(Name, Type, dimensions);
    }

    /// <summary>Writes the elements, little-endian and row-major.</summary>
    /// <param name="result">Has the part.</param>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="cancellation">Looked at before every row.</param>
    public void Write(ConditioningResult result, Stream output, CancellationToken cancellation)
    {
        int width = IsMask ? 1 : Width(result.Shape);
        float[] values = Source == RowSource.HiddenStates || IsMask ? [] : new float[width];
        byte[] bytes = new byte[width * Type.ByteSize()];
        for (int row = 0; row < result.Length; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            switch (Source)
            {
                case RowSource.PromptMask or RowSource.ContextMask:
                    BinaryPrimitives.WriteInt64LittleEndian(bytes, Source == RowSource.ContextMask || result.IsToken(row) ? 1 : 0);
                    break;
                case RowSource.HiddenStates:
                    CopyStates(result, row, bytes);
                    break;
                default:
                    CopyRow(result, row, values);
                    ElementConversion.FromSingles(values, Type, bytes);
                    break;
            }

            output.Write(bytes);
        }
    }

    private static void CopyStates(ConditioningResult result, int row, Span<byte> bytes)
    {
        if (result.IsToken(row))
        {
            result.HiddenStates!.CopyRow(row - (result.Length - result.TokenCount), MemoryMarshal.Cast<byte, ushort>(bytes));
        }
        else
        {
            bytes.Clear();
        }
    }

    private void CopyRow(ConditioningResult result, int row, Span<float> values)
    {
        switch (Source)
        {
            case RowSource.VideoContext:
                result.Context!.Video.Row(row).CopyTo(values);
                break;
            case RowSource.AudioContext:
                result.Context!.Audio.Row(row).CopyTo(values);
                break;
            case RowSource.BothContexts:
                ReadOnlySpan<float> video = result.Context!.Video.Row(row);
                video.CopyTo(values);
                result.Context.Audio.Row(row).CopyTo(values[video.Length..]);
                break;
            case RowSource.VideoProjection:
                result.Projection!.CopyVideoRow(row, values);
                break;
            case RowSource.AudioProjection:
                result.Projection!.CopyAudioRow(row, values);
                break;
            default:
                throw new InvalidOperationException($"{Source} has no rows of floats.");
        }
    }

    private int Width(ConditioningShape shape) => Source switch
    {
        RowSource.VideoContext or RowSource.VideoProjection => shape.VideoWidth,
        RowSource.AudioContext or RowSource.AudioProjection => shape.AudioWidth,
        RowSource.BothContexts => shape.VideoWidth + shape.AudioWidth,
        _ => shape.HiddenSize * shape.States,
    };
}
