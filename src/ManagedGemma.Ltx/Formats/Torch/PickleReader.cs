using System.Buffers.Binary;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Formats.Torch;

/// <summary>
/// Reads the pickle of a dict of tensors and nothing else: opcodes and names that are not on the lists of <see cref="PickleOpcode"/> and
/// <see cref="TorchNames"/> are refused, and nothing is ever called. Sizes are those that the pickle claims; who reads the storages holds
/// them against the records.
/// </summary>
internal ref struct PickleReader
{
    private const int MostDimensions = 8, LongestName = 128;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly string _path;
    private readonly List<PickleValue> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<uint, PickleValue> _memo = [];
    private int _position;

    private PickleReader(ReadOnlySpan<byte> bytes, string path)
    {
        _bytes = bytes;
        _path = path;
    }

    /// <summary>Reads.</summary>
    /// <param name="bytes">The whole pickle.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="GemmaException">It is damaged, or holds anything else.</exception>
    public static PickleValue.Dict Read(ReadOnlySpan<byte> bytes, string path)
    {
        PickleReader reader = new(bytes, path);
        return reader.Run();
    }

    private PickleValue.Dict Run()
    {
        while (true)
        {
            int at = _position;
            PickleOpcode opcode = (PickleOpcode)Take(1)[0];
            if (opcode == PickleOpcode.Stop)
            {
                return _stack is [PickleValue.Dict dict] && _marks.Count == 0 && _position == _bytes.Length
                    ? dict
                    : throw Bad("does not end with one dict", at);
            }

            Step(opcode, at);
        }
    }

    private void Step(PickleOpcode opcode, int at)
    {
        switch (opcode)
        {
            case PickleOpcode.Protocol:
                if (Take(1)[0] != 2 || at != 0)
                {
                    throw Bad("has another protocol than 2", at);
                }

                break;
            case PickleOpcode.EmptyDict:
                _stack.Add(new PickleValue.Dict(new Dictionary<string, PickleValue.Tensor>(StringComparer.Ordinal)));
                break;
            case PickleOpcode.EmptyTuple:
                _stack.Add(new PickleValue.Tuple([]));
                break;
            case PickleOpcode.Mark:
                _marks.Push(_stack.Count);
                break;
            case PickleOpcode.Text:
                _stack.Add(new PickleValue.Text(Text(at)));
                break;
            case PickleOpcode.Global:
                _stack.Add(new PickleValue.Global(Name(at)));
                break;
            case PickleOpcode.Integer1:
                _stack.Add(new PickleValue.Integer(Take(1)[0]));
                break;
            case PickleOpcode.Integer2:
                _stack.Add(new PickleValue.Integer(BinaryPrimitives.ReadUInt16LittleEndian(Take(2))));
                break;
            case PickleOpcode.Integer4:
                _stack.Add(new PickleValue.Integer(BinaryPrimitives.ReadInt32LittleEndian(Take(4))));
                break;
            case PickleOpcode.Long:
                _stack.Add(new PickleValue.Integer(Long(at)));
                break;
            case PickleOpcode.False:
                _stack.Add(new PickleValue.Truth(false));
                break;
            case PickleOpcode.Tuple:
                _stack.Add(new PickleValue.Tuple(PopToMark(at)));
                break;
            case PickleOpcode.Tuple1 or PickleOpcode.Tuple2 or PickleOpcode.Tuple3:
                _stack.Add(new PickleValue.Tuple(Pop(opcode - PickleOpcode.Tuple1 + 1, at)));
                break;
            case PickleOpcode.PersistentId:
                _stack.Add(Storage(Pop(1, at)[0], at));
                break;
            case PickleOpcode.Reduce:
                PickleValue[] call = Pop(2, at);
                _stack.Add(Reduce(call[0], call[1], at));
                break;
            case PickleOpcode.Put:
                _memo[Take(1)[0]] = Top(at);
                break;
            case PickleOpcode.LongPut:
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Top(at);
                break;
            case PickleOpcode.Get:
                _stack.Add(Recall(Take(1)[0], at));
                break;
            case PickleOpcode.LongGet:
                _stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), at));
                break;
            case PickleOpcode.SetItem:
                SetItems(Pop(2, at), at);
                break;
            case PickleOpcode.SetItems:
                SetItems(PopToMark(at), at);
                break;
            default:
                throw Bad($"holds more than tensors: opcode 0x{(byte)opcode:X2}", at);
        }
    }

    private void SetItems(PickleValue[] items, int at)
    {
        if (Top(at) is not PickleValue.Dict dict || items.Length % 2 != 0)
        {
            throw Bad("sets items of something else than a dict", at);
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            if (items[i] is not PickleValue.Text key || items[i + 1] is not PickleValue.Tensor tensor)
            {
                throw Bad("holds an item that is not a text and a tensor", at);
            }

            if (!dict.Items.TryAdd(key.Value, tensor))
            {
                throw Bad($"holds {Untrusted.Show(key.Value)} twice", at);
            }
        }
    }

    private readonly PickleValue.Storage Storage(PickleValue id, int at) =>
        id is PickleValue.Tuple { Items: [
            PickleValue.Text { Value: TorchNames.Storage }, PickleValue.Global type, PickleValue.Text key, PickleValue.Text,
            PickleValue.Integer { Value: >= 0 } count] }
        && TorchNames.TypeOf(type.Name) is { } element
            ? new PickleValue.Storage(key.Value, element, count.Value)
            : throw Bad("names something else than a storage", at);

    private readonly PickleValue Reduce(PickleValue callable, PickleValue arguments, int at) => (callable, arguments) switch
    {
        (PickleValue.Global { Name: TorchNames.OrderedDict }, PickleValue.Tuple { Items: [] }) => new PickleValue.NoHooks(),
        (PickleValue.Global { Name: TorchNames.RebuildTensor }, PickleValue.Tuple { Items: [
            PickleValue.Storage storage, PickleValue.Integer { Value: >= 0 } offset, PickleValue.Tuple shape, PickleValue.Tuple strides,
            PickleValue.Truth, PickleValue.NoHooks] }) =>
            new PickleValue.Tensor(storage, offset.Value, Sizes(shape, at), Sizes(strides, at)),
        _ => throw Bad("applies a name to what it does not take", at),
    };

    private readonly long[] Sizes(PickleValue.Tuple tuple, int at)
    {
        if (tuple.Items.Length > MostDimensions)
        {
            throw Bad($"holds a tensor of more than {MostDimensions} dimensions", at);
        }

        long[] sizes = new long[tuple.Items.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = tuple.Items[i] is PickleValue.Integer { Value: >= 0 } size
                ? size.Value
                : throw Bad("holds a tensor whose sizes are no numbers", at);
        }

        return sizes;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _position)
        {
            throw Bad("is cut short", _position);
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(_position, count);
        _position += count;
        return taken;
    }

    private string Text(int at)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        if (length > _bytes.Length - _position)
        {
            throw Bad("is cut short", at);
        }

        try
        {
            return Utf8.GetString(Take((int)length));
        }
        catch (DecoderFallbackException)
        {
            throw Bad("holds a text that is not UTF-8", at);
        }
    }

    private string Name(int at)
    {
        string name = $"{Line(at)} {Line(at)}";
        return name is TorchNames.OrderedDict or TorchNames.RebuildTensor || TorchNames.TypeOf(name) is not null
            ? name
            : throw Bad($"holds more than tensors: the name {Untrusted.Show(name)}", at);
    }

    private string Line(int at)
    {
        ReadOnlySpan<byte> rest = _bytes[_position..];
        int length = rest[..Math.Min(rest.Length, LongestName)].IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Bad("holds a name without an end", at);
        }

        _position += length + 1;
        return Encoding.Latin1.GetString(rest[..length]);
    }

    private long Long(int at)
    {
        int length = Take(1)[0];
        if (length > sizeof(long))
        {
            throw Bad("holds a number of more than 64 bits", at);
        }

        ReadOnlySpan<byte> bytes = Take(length);
        long value = 0;
        for (int i = length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        int unused = 8 * (sizeof(long) - length);
        return length == 0 ? 0 : value << unused >> unused;
    }

    private readonly PickleValue Top(int at) => _stack.Count > Floor() ? _stack[^1] : throw Bad("takes from an empty stack", at);

    private readonly PickleValue Recall(uint number, int at) =>
        _memo.TryGetValue(number, out PickleValue? value) ? value : throw Bad("asks for something that was not kept", at);

    // What lies below the last mark is out of reach until that is popped.
    private readonly int Floor() => _marks.Count > 0 ? _marks.Peek() : 0;

    private readonly PickleValue[] Pop(int count, int at)
    {
        if (_stack.Count - Floor() < count)
        {
            throw Bad("takes from an empty stack", at);
        }

        PickleValue[] values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private readonly PickleValue[] PopToMark(int at)
    {
        if (_marks.Count == 0)
        {
            throw Bad("has an end without a beginning", at);
        }

        int count = _stack.Count - _marks.Peek();
        PickleValue[] values = Pop(count, at);
        _marks.Pop();
        return values;
    }

    private readonly GemmaException Bad(string problem, int at) => new($"the pickle {problem}", _path, $"data.pkl, byte {at}");
}
