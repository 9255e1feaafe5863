using System.Buffers.Binary;
using System.Text;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Formats.Torch;

namespace ManagedGemma.Ltx.Tests.Formats;

/// <summary>The pickle in a <c>torch.save</c> file: what is written, and what is refused.</summary>
public class PickleTests
{
    // Nothing here can build, import or call: GLOBAL names are held against a list, REDUCE makes tensors and empty dicts alone.
    private static readonly string[] Allowed =
    [
        "PROTO", "EMPTY_DICT", "EMPTY_TUPLE", "MARK", "BINUNICODE", "GLOBAL", "BININT1", "BININT2", "BININT", "LONG1", "NEWFALSE", "TUPLE",
        "TUPLE1", "TUPLE2", "TUPLE3", "BINPERSID", "REDUCE", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "SETITEM", "SETITEMS", "STOP",
    ];

    // Python's pickletools: name, code, bytes of its argument (-1: a text with its length, -2: two lines, -3: a number with its length).
    private static readonly (string Name, byte Code, int Argument)[] Known =
    [
        ("PROTO", 0x80, 1), ("EMPTY_DICT", 0x7D, 0), ("EMPTY_TUPLE", 0x29, 0), ("MARK", 0x28, 0), ("BINUNICODE", 0x58, -1), ("GLOBAL", 0x63, -2),
        ("BININT1", 0x4B, 1), ("BININT2", 0x4D, 2), ("BININT", 0x4A, 4), ("LONG1", 0x8A, -3), ("NEWFALSE", 0x89, 0), ("TUPLE", 0x74, 0),
        ("TUPLE1", 0x85, 0), ("TUPLE2", 0x86, 0), ("TUPLE3", 0x87, 0), ("BINPERSID", 0x51, 0), ("REDUCE", 0x52, 0), ("BINPUT", 0x71, 1),
        ("LONG_BINPUT", 0x72, 4), ("BINGET", 0x68, 1), ("LONG_BINGET", 0x6A, 4), ("SETITEM", 0x73, 0), ("SETITEMS", 0x75, 0), ("STOP", 0x2E, 0),
    ];

    [Fact]
    public void The_opcodes_are_the_list()
    {
        Assert.Equal(Allowed, Known.Select(x => x.Name));
        Assert.Equal(Known.Select(x => x.Code).Order(), Enum.GetValues<PickleOpcode>().Select(x => (byte)x).Order());
    }

    [Fact]
    public void What_is_written_keeps_to_the_list()
    {
        SafetensorsSpec[] specs =
        [
            new("video_prompt_embeds", ElementType.BF16, 1024, 4096), new("mask", ElementType.I64, 1024), new("x", ElementType.F32, 3, 40000, 70000),
            .. Enumerable.Range(0, 40).Select(i => new SafetensorsSpec($"t{i}", ElementType.F16, 2, 300)),
        ];
        byte[] pickle = TensorDictPickle.Of(specs);
        HashSet<string> seen = [.. Opcodes(pickle)];
        Assert.Subset(new HashSet<string>(Allowed), seen);
        Assert.Contains("LONG1", seen);
        Assert.Contains("LONG_BINPUT", seen);
        PickleValue.Dict dict = PickleReader.Read(pickle, "a");
        Assert.Equal(specs.Select(x => x.Name), dict.Items.Keys);
        foreach ((SafetensorsSpec spec, int i) in specs.Select((x, i) => (x, i)))
        {
            PickleValue.Tensor tensor = dict.Items[spec.Name];
            Assert.Equal(new PickleValue.Storage($"{i}", spec.ElementType, spec.ByteLength / spec.ElementType.ByteSize()), tensor.Elements);
            Assert.Equal(spec.Shape, tensor.Shape);
            Assert.Equal(0, tensor.Offset);
        }

        Assert.Equal([2800000000L, 70000, 1], dict.Items["x"].Strides);
    }

    [Theory]
    [InlineData("one dict", "\u0080\u0002}.")]
    [InlineData("two values at the end", "\u0080\u0002}}.")]
    [InlineData("a tuple at the end", "\u0080\u0002).")]
    [InlineData("more after the end", "\u0080\u0002}..")]
    [InlineData("an open mark", "\u0080\u0002(}.")]
    [InlineData("nothing", "")]
    [InlineData("no end", "\u0080\u0002}")]
    [InlineData("another protocol", "\u0080\u0004}.")]
    [InlineData("a protocol in the middle", "\u0080\u0002}\u0080\u0002.")]
    [InlineData("a command", "\u0080\u0002cos\nsystem\n(X\u0004\0\0\0truetR.")]
    [InlineData("a name that is not known", "\u0080\u0002}ctorch\nload\n0.")]
    [InlineData("the name without its module", "\u0080\u0002cevil\n_rebuild_tensor_v2\n.")]
    [InlineData("a name without an end", "\u0080\u0002ctorch")]
    [InlineData("hooks", "\u0080\u0002ccollections\nOrderedDict\nK\u0001\u0085R.")]
    [InlineData("a call of a text", "\u0080\u0002X\u0001\0\0\0a)R.")]
    [InlineData("a call on an empty stack", "\u0080\u0002R.")]
    [InlineData("a tensor of nothing", "\u0080\u0002ctorch._utils\n_rebuild_tensor_v2\n)R.")]
    [InlineData("an item that is a number", "\u0080\u0002}X\u0001\0\0\0aK\u0001s.")]
    [InlineData("a key without a value", "\u0080\u0002}(X\u0001\0\0\0au.")]
    [InlineData("items of a tuple", "\u0080\u0002)(u.")]
    [InlineData("an item below the mark", "\u0080\u0002})(Rt.")]
    [InlineData("a tuple of what lies below the mark", "\u0080\u0002K\u0001K\u0002(\u0086t.")]
    [InlineData("an end without a beginning", "\u0080\u0002}t.")]
    [InlineData("something that was not kept", "\u0080\u0002h\u0001.")]
    [InlineData("something to keep on an empty stack", "\u0080\u0002q\u0001}.")]
    [InlineData("a text longer than the pickle", "\u0080\u0002X\u00FF\u00FF\u00FF\u007Fa.")]
    [InlineData("a text that is not UTF-8", "\u0080\u0002X\u0001\0\0\0\u00FF.")]
    [InlineData("a number of nine bytes", "\u0080\u0002\u008A\u0009123456789.")]
    [InlineData("a storage of a text", "\u0080\u0002X\u0001\0\0\0aQ.")]
    public void Anything_else_is_refused(string what, string pickle)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(pickle);
        if (what == "one dict")
        {
            Assert.Empty(PickleReader.Read(bytes, "a.pt").Items);
            return;
        }

        GemmaException exception = Assert.Throws<GemmaException>(() => PickleReader.Read(bytes, "a.pt"));
        Assert.StartsWith("a.pt: data.pkl, byte ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("os\nsystem")]
    [InlineData("torch\nload")]
    [InlineData("torch._utils\n_rebuild_tensor_v3")]
    [InlineData("torch\nstorage\nLongStorage")]
    [InlineData("builtins\neval")]
    public void A_name_is_refused_before_anything_is_done_with_it(string name)
    {
        byte[] pickle = Encoding.Latin1.GetBytes($"\u0080\u0002c{name}\n");
        string message = Assert.Throws<GemmaException>(() => PickleReader.Read(pickle, "a")).Message;
        Assert.Contains($"more than tensors: the name {name.Split('\n')[0]} {name.Split('\n')[1]}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_other_opcode_is_refused()
    {
        for (int code = 0; code < 256; code++)
        {
            if (!Known.Any(x => x.Code == code))
            {
                byte[] pickle = [0x80, 2, (byte)'}', (byte)code, (byte)'.'];
                Assert.Contains("holds more than tensors: opcode", Assert.Throws<GemmaException>(() => PickleReader.Read(pickle, "a")).Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Numbers_keep_their_sign()
    {
        (byte[], bool)[] cases = [([2, 0x00, 0x80], false), ([3, 0x00, 0x80, 0x00], true), ([0], true)];
        foreach ((byte[] number, bool isTaken) in cases)
        {
            // As a storage's length, which must not be negative.
            byte[] pickle =
            [
                0x80, 2, .. "(X\u0007\0\0\0storagectorch\nLongStorage\nX\u0001\0\0\00X\u0003\0\0\0cpu"u8, 0x8A, .. number, .. "tQ0."u8,
            ];
            string message = Assert.Throws<GemmaException>(() => PickleReader.Read(pickle, "a")).Message;
            Assert.Equal(isTaken, message.Contains("opcode 0x30", StringComparison.Ordinal));
        }
    }

    [Property(MaxTest = 2000)]
    public void Damage_is_refused_or_harmless(int seed)
    {
        byte[] pickle = TensorDictPickle.Of([new("a", ElementType.BF16, 128, 64), new("mask", ElementType.I64, 128)]);
        Random random = new(seed);
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            pickle[random.Next(pickle.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : Known[random.Next(Known.Length)].Code;
        }

        try
        {
            PickleReader.Read(pickle, "a");
        }
        catch (GemmaException)
        {
            // Refused.
        }
    }

    private static List<string> Opcodes(byte[] pickle)
    {
        List<string> names = [];
        for (int at = 0; at < pickle.Length;)
        {
            (string name, _, int argument) = Known.Single(x => x.Code == pickle[at]);
            names.Add(name);
            at++;
            at += argument switch
            {
                -1 => 4 + BinaryPrimitives.ReadInt32LittleEndian(pickle.AsSpan(at)),
                -2 => Line(at) + Line(at + Line(at)),
                -3 => 1 + pickle[at],
                _ => argument,
            };
        }

        return names;

        int Line(int from) => Array.IndexOf(pickle, (byte)'\n', from) + 1 - from;
    }
}
