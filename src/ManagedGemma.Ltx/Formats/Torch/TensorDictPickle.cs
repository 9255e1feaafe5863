using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Torch;

/// <summary>
/// Writes the pickle of a dict of tensors, byte for byte as <c>torch.save</c> does with protocol 2: every object is numbered as it comes,
/// and the second time only its number is written.
/// </summary>
internal sealed class TensorDictPickle
{
    private readonly ArrayBufferWriter<byte> _buffer = new(512);
    private readonly Dictionary<string, int> _memo = new(StringComparer.Ordinal);
    private int _count;

    private TensorDictPickle()
    {
    }

    /// <summary>The pickle; tensor i has storage <c>i</c> of its own.</summary>
    public static byte[] Of(IReadOnlyList<SafetensorsSpec> tensors)
    {
        TensorDictPickle pickle = new();
        pickle.Write(tensors);
        return pickle._buffer.WrittenSpan.ToArray();
    }

    private void Write(IReadOnlyList<SafetensorsSpec> tensors)
    {
        Op(PickleOpcode.Protocol, 2);
        Op(PickleOpcode.EmptyDict);
        Put();
        Op(PickleOpcode.Mark);
        for (int i = 0; i < tensors.Count; i++)
        {
            Text(tensors[i].Name);
            Tensor(tensors[i], i.ToString(CultureInfo.InvariantCulture));
        }

        Op(PickleOpcode.SetItems);
        Op(PickleOpcode.Stop);
    }

    private void Tensor(SafetensorsSpec tensor, string key)
    {
        long count = tensor.ByteLength / tensor.ElementType.ByteSize();
        Global(TorchNames.RebuildTensor);
        Op(PickleOpcode.Mark);
        Op(PickleOpcode.Mark);
        Text(TorchNames.Storage);
        Global(TorchNames.StorageOf(tensor.ElementType));
        Text(key);
        Text(TorchNames.Cpu);
        Integer(count);
        Op(PickleOpcode.Tuple);
        Put();
        Op(PickleOpcode.PersistentId);
        Integer(0);
        Integers(tensor.Shape);
        Integers(Strides(tensor.Shape));
        Op(PickleOpcode.False);
        Global(TorchNames.OrderedDict);
        Op(PickleOpcode.EmptyTuple);
        Op(PickleOpcode.Reduce);
        Put();
        Op(PickleOpcode.Tuple);
        Put();
        Op(PickleOpcode.Reduce);
        Put();
    }

    private static long[] Strides(IReadOnlyList<long> shape)
    {
        long[] strides = new long[shape.Count];
        long stride = 1;
        for (int i = strides.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(1, shape[i]);
        }

        return strides;
    }

    private void Integers(IReadOnlyList<long> values)
    {
        if (values.Count is 0 or > 3)
        {
            throw new NotSupportedException("Tensors of one to three dimensions are written.");
        }

        foreach (long value in values)
        {
            Integer(value);
        }

        Op(values.Count switch { 1 => PickleOpcode.Tuple1, 2 => PickleOpcode.Tuple2, _ => PickleOpcode.Tuple3 });
        Put();
    }

    private void Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        switch (value)
        {
            case <= byte.MaxValue:
                Op(PickleOpcode.Integer1, bytes[..1]);
                break;
            case <= ushort.MaxValue:
                Op(PickleOpcode.Integer2, bytes[..2]);
                break;
            case <= int.MaxValue:
                Op(PickleOpcode.Integer4, bytes[..4]);
                break;
            default:
                // As few bytes as keep the sign.
                int length = sizeof(long) - ((System.Numerics.BitOperations.LeadingZeroCount((ulong)value) - 1) / 8);
                Op(PickleOpcode.Long, (byte)length);
                _buffer.Write(bytes[..length]);
                break;
        }
    }

    private void Text(string text)
    {
        if (Recall("text " + text))
        {
            return;
        }

        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        Op(PickleOpcode.Text, length);
        _buffer.Write(utf8);
        Put("text " + text);
    }

    private void Global(string name)
    {
        if (Recall("name " + name))
        {
            return;
        }

        Op(PickleOpcode.Global);
        _buffer.Write(Encoding.ASCII.GetBytes(name.Replace(' ', '\n') + "\n"));
        Put("name " + name);
    }

    private bool Recall(string what)
    {
        if (!_memo.TryGetValue(what, out int number))
        {
            return false;
        }

        Number(PickleOpcode.Get, PickleOpcode.LongGet, number);
        return true;
    }

    private void Put(string? what = null)
    {
        if (what is not null)
        {
            _memo[what] = _count;
        }

        Number(PickleOpcode.Put, PickleOpcode.LongPut, _count++);
    }

    private void Number(PickleOpcode shortForm, PickleOpcode longForm, int number)
    {
        if (number <= byte.MaxValue)
        {
            Op(shortForm, (byte)number);
            return;
        }

        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Op(longForm, bytes);
    }

    private void Op(PickleOpcode opcode, params ReadOnlySpan<byte> argument)
    {
        _buffer.Write([(byte)opcode]);
        _buffer.Write(argument);
    }
}
