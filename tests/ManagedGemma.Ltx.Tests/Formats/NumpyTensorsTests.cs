using System.IO.Compression;
using System.Text;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Formats;
using ManagedGemma.Ltx.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Formats;

/// <summary>NumPy's files from anywhere: read exactly, or refused.</summary>
public sealed class NumpyTensorsTests : IDisposable
{
    private const string TwoByThree = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // The file that numpy.save writes of numpy.arange(6, dtype=numpy.float32).reshape(2, 3), by numpy.lib.format's rules.
    [Fact]
    public void An_array_is_read_as_it_was_saved()
    {
        byte[] file = Npy(1, TwoByThree.PadRight(117) + "\n", Bytes<float>(0, 1, 2, 3, 4, 5));
        Assert.Equal(128 + 24, file.Length);
        NamedTensor tensor = Assert.Single(Open(file).Tensors);
        Assert.Equal(("array", ElementType.F32, 24L), (tensor.Name, tensor.ElementType, tensor.ByteLength));
        Assert.Equal([2L, 3L], tensor.Shape);
        Assert.Equal(Bytes<float>(0, 1, 2, 3, 4, 5), All(tensor));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void All_versions_and_spellings_are_read(int version)
    {
        foreach (string text in new[]
        {
            TwoByThree, "{\"shape\":(2,3),\"descr\":\"<f4\",\"fortran_order\":False}", " { 'shape' : ( 2L , 3L , ) ,\n'fortran_order': False, 'descr': '<f4' } \n",
            "{'descr': '<f4', 'fortran_order': True, 'shape': (6,)}", "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 6, 1)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6)}",
        })
        {
            Assert.Equal(24, Assert.Single(Open(Npy(version, text, new byte[24])).Tensors).ByteLength);
        }

        NamedTensor scalar = Assert.Single(Open(Npy(version, "{'descr': '<i8', 'fortran_order': False, 'shape': (), }", Bytes(7L))).Tensors);
        Assert.Equal((ElementType.I64, 0), (scalar.ElementType, scalar.Shape.Count));
        NamedTensor none = Assert.Single(Open(Npy(version, "{'descr': '<i8', 'fortran_order': False, 'shape': (5, 0, 9999999999), }", [])).Tensors);
        Assert.Equal([5L, 0L, 9999999999L], none.Shape);
    }

    [Theory]
    [InlineData("|b1", ElementType.Bool)]
    [InlineData("|u1", ElementType.U8)]
    [InlineData("|i1", ElementType.I8)]
    [InlineData("<u2", ElementType.U16)]
    [InlineData("<i2", ElementType.I16)]
    [InlineData("<u4", ElementType.U32)]
    [InlineData("<i4", ElementType.I32)]
    [InlineData("<u8", ElementType.U64)]
    [InlineData("<i8", ElementType.I64)]
    [InlineData("<f2", ElementType.F16)]
    [InlineData("<f4", ElementType.F32)]
    [InlineData("<f8", ElementType.F64)]
    public void Types_keep_their_size(string description, ElementType expected)
    {
        int size = description[^1] - '0';
        byte[] file = Npy(1, $"{{'descr': '{description}', 'fortran_order': False, 'shape': (3,), }}", new byte[3 * size]);
        Assert.Equal(expected, Assert.Single(Open(file).Tensors).ElementType);
        Assert.Throws<GemmaException>(() => Open(file[..^1]));
    }

    [Theory]
    [InlineData("of another kind", "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }")]
    [InlineData("of another kind", "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }")]
    [InlineData("of another kind", "{'descr': '<f4 ', 'fortran_order': False, 'shape': (2, 3), }")]
    [InlineData("column by column", "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }")]
    [InlineData("another length", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }")]
    [InlineData("another length", "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296, 4294967296, 6), }")]
    [InlineData("another length", "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }")]
    [InlineData("another length", "{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, 'shape': (6), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, 'shape': (,), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}")]
    [InlineData("cannot be read", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }")]
    [InlineData("cannot be read", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x")]
    [InlineData("cannot be read", "{'descr': '<f4")]
    [InlineData("cannot be read", "")]
    public void What_is_something_else_is_refused(string problem, string text)
    {
        byte[] file = Npy(1, text, new byte[24]);
        Assert.Contains(problem, Assert.Throws<GemmaException>(() => Open(file)).Message, StringComparison.Ordinal);
        string zip = Assert.Throws<GemmaException>(() => Open(Zip(CompressionLevel.Fastest, ("x.npy", file)), "array.npz")).Message;
        Assert.Contains(problem, zip, StringComparison.Ordinal);
        Assert.Contains("x.npy", zip, StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_that_lie_are_refused()
    {
        byte[] file = Npy(1, TwoByThree, new byte[24]);
        Assert.Contains("not an array", Problem([(byte)'X', .. file[1..]]), StringComparison.Ordinal);
        Assert.Contains("1.0, 2.0 or 3.0", Problem([.. file[..6], 4, 0, .. file[8..]]), StringComparison.Ordinal);
        Assert.Contains("1.0, 2.0 or 3.0", Problem([.. file[..6], 1, 1, .. file[8..]]), StringComparison.Ordinal);
        Assert.Contains("too long", Problem([.. file[..8], 255, 255, .. file[10..]]), StringComparison.Ordinal);
        Assert.Contains("too long", Problem([.. Npy(2, TwoByThree, [])[..8], 255, 255, 255, 255, .. file[10..]]), StringComparison.Ordinal);
        Assert.Contains("not text", Problem(Npy(3, TwoByThree.Replace("<f4", "\u00FF", StringComparison.Ordinal), new byte[24])), StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<GemmaException>(() => NumpyTensors.Open(_directory["none.npy"])).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<GemmaException>(() => NumpyTensors.Open(_directory["none.npz"])).Message, StringComparison.Ordinal);

        string Problem(byte[] bytes) => Assert.Throws<GemmaException>(() => Open(bytes)).Message;
    }

    [Fact]
    public void Zips_of_other_things_are_refused()
    {
        byte[] array = Npy(1, TwoByThree, new byte[24]);
        Assert.Contains("something else", Problem(("x.npy", array), ("y.txt", array)), StringComparison.Ordinal);
        Assert.Contains("used twice", Problem(("x.npy", array), ("x.npy", array)), StringComparison.Ordinal);
        Assert.Contains("damaged", Problem(("x.npy", [])), StringComparison.Ordinal);
        Assert.Contains("damaged", Assert.Throws<GemmaException>(() => Open(array, "array.npz")).Message, StringComparison.Ordinal);

        string Problem(params (string, byte[])[] members) =>
            Assert.Throws<GemmaException>(() => Open(Zip(CompressionLevel.NoCompression, members), "array.npz")).Message;
    }

    // As comparisons read: runs forward, a second look at a part, two arrays by turns.
    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Members_are_read_in_any_order(CompressionLevel level)
    {
        float[] values = [.. Enumerable.Range(0, 100_000).Select(i => MathF.Sin(i))];
        byte[] data = Bytes(values);
        byte[] file = Npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (100, 1000), }", data);
        using NumpyTensors zip = Open(Zip(level, ("a.npy", file), ("b/c.npy", file)), "array.npz");
        Assert.Equal(["a", "b/c"], zip.Tensors.Select(x => x.Name));
        Random random = new(5);
        byte[] run = new byte[3000];
        for (int i = 0; i < 200; i++)
        {
            int offset = random.Next(data.Length), length = Math.Min(random.Next(run.Length), data.Length - offset);
            zip.Tensors[random.Next(2)].Read(offset, run.AsSpan(0, length));
            Assert.True(run.AsSpan(0, length).SequenceEqual(data.AsSpan(offset, length)));
        }

        Assert.All(zip.Tensors, x => Assert.Equal(data, All(x)));
        byte[] none = Npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5), }", []);
        using NumpyTensors empty = Open(Zip(level, ("none.npy", none)), "none.npz");
        Assert.Empty(All(Assert.Single(empty.Tensors)));
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void A_flipped_bit_of_a_member_is_found(CompressionLevel level)
    {
        byte[] array = Npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1000,), }", Bytes([.. Enumerable.Range(0, 1000).Select(i => MathF.Sin(i))]));
        byte[] zip = Zip(level, ("x.npy", array));
        zip[zip.Length / 2] ^= 4;
        using NumpyTensors tensors = Open(zip, "array.npz");
        Assert.Contains("damaged", Assert.Throws<GemmaException>(() => All(tensors.Tensors[0])).Message, StringComparison.Ordinal);
    }

    [Property(MaxTest = 300)]
    public void Damage_is_refused_or_harmless(int seed)
    {
        Random random = new(seed);
        byte[] array = Npy(1 + (seed & 1), TwoByThree, Bytes<float>(0, 1, 2, 3, 4, 5));
        bool isZip = random.Next(2) == 0;
        byte[] file = isZip ? Zip(random.Next(2) == 0 ? CompressionLevel.Optimal : CompressionLevel.NoCompression, ("x.npy", array), ("y.npy", array)) : array;
        byte[] damaged = random.Next(4) == 0 ? file[..random.Next(file.Length)] : [.. file];
        for (int i = random.Next(1, 4); i > 0 && damaged.Length > 0; i--)
        {
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        }

        try
        {
            using NumpyTensors tensors = Open(damaged, isZip ? "array.npz" : "array.npy");
            foreach (NamedTensor tensor in tensors.Tensors)
            {
                All(tensor);
            }
        }
        catch (GemmaException)
        {
            // Refused.
        }
    }

    // 256 MiB of zeros in 256 KiB: what is not wanted is unpacked and forgotten.
    [Fact]
    public void What_a_member_says_is_large_takes_no_memory()
    {
        const int Length = 256 << 20;
        using (ZipArchive zip = ZipFile.Open(_directory["array.npz"], ZipArchiveMode.Create))
        {
            using Stream stream = zip.CreateEntry("x.npy", CompressionLevel.Fastest).Open();
            stream.Write(Npy(1, $"{{'descr': '|u1', 'fortran_order': False, 'shape': ({Length},), }}", []));
            for (int i = 0; i < 256; i++)
            {
                stream.Write(new byte[1 << 20]);
            }
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        using (NumpyTensors tensors = NumpyTensors.Open(_directory["array.npz"]))
        {
            byte[] last = [1, 2, 3];
            tensors.Tensors[0].Read(Length - 3, last);
            Assert.Equal(new byte[3], last);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void What_this_program_writes_is_read_bit_for_bit()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, LtxFixture.Checkpoint("v23"));
        LtxOptions options = new() { Length = 128 };
        ConditioningResult result = new ConditioningRun(encoder, conditioner, options).Compute(conditioner.Tokenize("A red fox.", options), null, ConditioningParts.Context);
        ConditioningFormat.Npz.Write(_directory["a.npz"], result);
        ConditioningFormat.Npy.Write(_directory["context.npy"], result);
        using NumpyTensors zip = NumpyTensors.Open(_directory["a.npz"]), array = NumpyTensors.Open(_directory["context.npy"]);
        Assert.Equal(["video_context", "audio_context"], zip.Tensors.Select(x => x.Name));
        foreach ((NamedTensor tensor, EmbeddingRows rows) in zip.Tensors.Zip([result.Context!.Video, result.Context.Audio]))
        {
            Assert.Equal(ElementType.F32, tensor.ElementType);
            Assert.Equal([1L, rows.Count, rows.Width], tensor.Shape);
            Assert.Equal(Bytes(rows.Values.ToArray()), All(tensor));
        }

        NamedTensor both = Assert.Single(array.Tensors);
        int video = result.Context.Video.Width, audio = result.Context.Audio.Width;
        Assert.Equal("context", both.Name);
        Assert.Equal([1L, 128, video + audio], both.Shape);
        Assert.Equal(
            Bytes<float>([.. Enumerable.Range(0, 128).SelectMany(i => (float[])[.. result.Context.Video.Row(i), .. result.Context.Audio.Row(i)])]), All(both));
    }

    private static byte[] Npy(int version, string text, byte[] data)
    {
        byte[] description = Encoding.Latin1.GetBytes(text);
        byte[] length = BitConverter.GetBytes((uint)description.Length);
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. version == 1 ? length[..2] : length, .. description, .. data];
    }

    private static byte[] Bytes<T>(params T[] values)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static byte[] Zip(CompressionLevel level, params (string Name, byte[] Data)[] members)
    {
        using MemoryStream file = new();
        using (ZipArchive zip = new(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] data) in members)
            {
                using Stream stream = zip.CreateEntry(name, level).Open();
                stream.Write(data);
            }
        }

        return file.ToArray();
    }

    private static byte[] All(NamedTensor tensor)
    {
        byte[] bytes = new byte[tensor.ByteLength];
        tensor.Read(0, bytes);
        return bytes;
    }

    private NumpyTensors Open(byte[] file, string name = "array.npy")
    {
        File.WriteAllBytes(_directory[name], file);
        return NumpyTensors.Open(_directory[name]);
    }
}
