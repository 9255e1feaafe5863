using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class SafetensorsWriterTests
{
    private static readonly Gen<SafetensorsSpec> Specs =
        from name in ArbMap.Default.GeneratorFor<NonNull<string>>()
        from type in Gen.Elements(Enum.GetValues<ElementType>())
        from shape in Gen.Choose(0, 4).SelectMany(rank => Gen.ArrayOf(Gen.Choose(0, 5).Select(x => (long)x), rank))
        select new SafetensorsSpec(name.Get, type, shape);

    private static readonly Arbitrary<SafetensorsSpec[]> Files =
        Specs.ListOf().Select(x => x.Where(IsWritable).DistinctBy(y => y.Name).ToArray()).ToArbitrary();

    [Property(MaxTest = 300)]
    public Property What_is_written_is_read_again() => Prop.ForAll(Files, ArbMap.Default.ArbFor<NonNull<string>>(), (specs, text) =>
    {
        string value = text.Get.IsUnicode() ? text.Get : "x";
        byte[] file = Write(specs, new Dictionary<string, string> { ["a"] = value });
        SafetensorsHeader header = SafetensorsHeader.Parse(file, file.Length, "f");
        Assert.Equal(0, header.DataStart % 8);
        Assert.Equal(value, header.Metadata["a"]);
        Assert.Equal(specs.Length, header.Tensors.Count);
        foreach ((SafetensorsSpec spec, SafetensorsTensor tensor) in specs.Zip(header.Tensors))
        {
            Assert.Equal((spec.Name, spec.ElementType), (tensor.Name, tensor.ElementType));
            Assert.Equal(spec.Shape, tensor.Shape);
            Assert.All(file.AsSpan((int)tensor.Offset, (int)tensor.ByteLength).ToArray(), x => Assert.Equal(Mark(spec.Name), x));
        }
    });

    [Property(MaxTest = 3000)]
    public Property Bytes_changed_at_random_never_give_a_tensor_outside_the_file()
    {
        Gen<(SafetensorsSpec[] Specs, (int Where, int What)[] Changes, int Cut)> cases =
            from specs in Files.Generator
            from changes in Gen.Zip(Gen.Choose(0, int.MaxValue), Gen.OneOf(Gen.Choose(0, 255), Gen.Elements([.. "{}[],:\"0123456789-\\"]).Select(x => (int)x))).ArrayOf()
            from cut in Gen.Choose(0, 20)
            select (specs, changes, cut);
        return Prop.ForAll(cases.ToArbitrary(), x =>
        {
            byte[] file = Write(x.Specs, null);
            foreach ((int where, int what) in x.Changes)
            {
                file[where % file.Length] = (byte)what;
            }

            CheckSafe(file.AsSpan(0, Math.Max(0, file.Length - Math.Max(0, x.Cut - 10))));
        });
    }

    [Fact]
    public void Float32_is_stored_in_the_announced_type()
    {
        float[] values = [.. Enumerable.Range(0, 40_000).Select(i => (i - 20_000) / 7f)];
        using TemporaryDirectory directory = new();
        using (SafetensorsWriter writer = SafetensorsWriter.Create(
            directory["a.safetensors"],
            [new("b", ElementType.BF16, values.Length), new("h", ElementType.F16, 2, values.Length / 2), new("f", ElementType.F32, values.Length)]))
        {
            foreach (string name in (string[])["b", "h", "f"])
            {
                writer.Begin(name);
                writer.Write(values.AsSpan(0, 17));
                writer.Write(values.AsSpan(17));
            }

            writer.Complete();
            Assert.Equal(writer.FileLength, new FileInfo(directory["a.safetensors"]).Length);
        }

        using SafetensorsFile file = SafetensorsFile.Open(directory["a.safetensors"]);
        Assert.Equal(values, file.Tensor("f").ToSingles());
        Assert.Equal(values.Select(x => (float)(Half)x), file.Tensor("h").ToSingles());
        Assert.Equal(values.Select(x => BitConverter.UInt32BitsToSingle((uint)ElementConversion.ToBFloat16(x) << 16)), file.Tensor("b").ToSingles());
    }

    [Fact]
    public void A_file_that_is_not_complete_does_not_appear()
    {
        using TemporaryDirectory directory = new();
        using (SafetensorsWriter writer = SafetensorsWriter.Create(directory["a"], [new("x", ElementType.U8, 3), new("y", ElementType.U8, 1)]))
        {
            Assert.Throws<InvalidOperationException>(() => writer.Write(new byte[1]));
            Assert.Throws<InvalidOperationException>(() => writer.Begin("y"));
            writer.Begin("x");
            writer.Write(new byte[2]);
            Assert.Throws<InvalidOperationException>(() => writer.Write(new byte[2]));
            Assert.Throws<InvalidOperationException>(() => writer.Write(new float[1]));
            Assert.Throws<InvalidOperationException>(() => writer.Begin("y"));
            Assert.Throws<InvalidOperationException>(writer.Complete);
            writer.Write(new byte[1]);
            Assert.Throws<InvalidOperationException>(writer.Complete);
        }

        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void Names_used_twice_and_impossible_shapes_are_refused_before_anything_is_written()
    {
        using TemporaryDirectory directory = new();
        void Create(params SafetensorsSpec[] specs) => SafetensorsWriter.Create(directory["a"], specs).Dispose();
        Assert.Throws<ArgumentException>(() => Create(new("x", ElementType.U8, 3), new("x", ElementType.U8, 1)));
        Assert.Throws<ArgumentException>(() => Create(new SafetensorsSpec("__metadata__", ElementType.U8, 3)));
        Assert.Throws<ArgumentException>(() => Create(new SafetensorsSpec("x", ElementType.U64, 1L << 62)));
        Assert.ThrowsAny<ArgumentException>(() => Create(new SafetensorsSpec("x", ElementType.U64, -1)));
        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    /// <summary>Reads bytes as a file; either they are refused properly or every tensor lies inside and none overlap.</summary>
    private static void CheckSafe(ReadOnlySpan<byte> file)
    {
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeader.Parse(file, file.Length, "f");
        }
        catch (GemmaException)
        {
            return;
        }

        long sum = header.DataStart;
        foreach (SafetensorsTensor tensor in header.Tensors)
        {
            Assert.InRange(tensor.Offset, header.DataStart, file.Length);
            Assert.InRange(tensor.ByteLength, 0, file.Length - tensor.Offset);
            sum += tensor.ByteLength;
        }

        Assert.Equal(file.Length, sum);
    }

    private static byte[] Write(SafetensorsSpec[] specs, Dictionary<string, string>? metadata)
    {
        MemoryStream stream = new();
        using SafetensorsWriter writer = SafetensorsWriter.Create(stream, specs, metadata);
        foreach (SafetensorsSpec spec in specs)
        {
            byte[] bytes = new byte[writer.Begin(spec.Name).ByteLength];
            bytes.AsSpan().Fill(Mark(spec.Name));
            writer.Write(bytes);
        }

        writer.Complete();
        Assert.Equal(writer.FileLength, stream.Length);
        return stream.ToArray();
    }

    private static byte Mark(string name) => (byte)(name.Length + (name.Length > 0 ? name[0] : 0));

    private static bool IsWritable(SafetensorsSpec spec) => spec.Name != "__metadata__" && spec.Name.IsUnicode();
}
