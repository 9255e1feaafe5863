using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using ManagedGemma.Comparison.Sources;

namespace ManagedGemma.Tests.Comparison;

/// <summary>Dumps as files that anybody may have made.</summary>
public sealed class DumpTensorsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_directory_gives_its_dumps_in_order()
    {
        Write("b", "[1, 2, 3]\n", 24);
        Write("a", "[2]", 8);
        Write("scalar", "[]", 4);
        Write("empty", "[1,0,9999999999]", 0);
        File.WriteAllText(_directory["notes.txt"], "other files do no harm");
        using DumpTensors dumps = DumpTensors.Open(_directory.Path);
        Assert.Equal(["a", "b", "empty", "scalar"], dumps.Tensors.Select(x => x.Name));
        Assert.Equal([1, 2, 3], dumps.Tensors[1].Shape);
        byte[] bytes = new byte[4];
        dumps.Tensors[1].Read(20, bytes);
        Assert.Equal([20, 21, 22, 23], bytes);
    }

    [Fact]
    public void One_dump_can_be_named()
    {
        Write("a", "[2]", 8);
        Write("b", "[2]", 8);
        using DumpTensors dumps = DumpTensors.Open(_directory["b.bin"]);
        Assert.Equal("b", Assert.Single(dumps.Tensors).Name);
    }

    [Theory]
    [InlineData("[1, 2, 3]", 23)]
    [InlineData("[1, 2, 3]", 0)]
    [InlineData("[0]", 4)]
    [InlineData("[4294967296, 4294967296, 1]", 0)]
    [InlineData("[4611686018427387904, 2, 2]", 0)]
    [InlineData("[4611686018427387905]", 4)]
    public void A_shape_that_is_not_the_values_is_refused(string shape, int bytes)
    {
        Write("x", shape, bytes);
        GemmaException exception = Assert.Throws<GemmaException>(() => DumpTensors.Open(_directory.Path));
        Assert.Equal((_directory["x.bin"], $"{bytes} bytes"), (exception.FilePath, exception.Found));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1, 2")]
    [InlineData("[1, 2")]
    [InlineData("[-1]")]
    [InlineData("[1,,2]")]
    [InlineData("[1, 2,]")]
    [InlineData("[1.0]")]
    [InlineData("[99999999999999999999]")]
    public void A_shape_that_is_none_is_refused(string shape)
    {
        Write("x", shape, 8);
        GemmaException exception = Assert.Throws<GemmaException>(() => DumpTensors.Open(_directory.Path));
        Assert.Equal((_directory["x.meta"], shape), (exception.FilePath, exception.Found));
    }

    [Fact]
    public void A_dump_of_one_file_is_refused()
    {
        Write("x", "[2]", 8);
        File.Delete(_directory["x.meta"]);
        Assert.Contains("x.bin: a dump's values are without their shape", Assert.Throws<GemmaException>(() => DumpTensors.Open(_directory.Path)).Message, StringComparison.Ordinal);
        Write("x", "[2]", 8);
        File.Delete(_directory["x.bin"]);
        Assert.Contains("x.meta: a dump's shape is without its values", Assert.Throws<GemmaException>(() => DumpTensors.Open(_directory.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_without_dumps_is_refused() =>
        Assert.Contains("holds no dumps", Assert.Throws<GemmaException>(() => DumpTensors.Open(_directory.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_long_shape_is_not_read()
    {
        Write("x", "[" + new string(' ', 100_000) + "2]", 8);
        Assert.Contains("too large", Assert.Throws<GemmaException>(() => DumpTensors.Open(_directory.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_short_is_an_error()
    {
        Write("x", "[2]", 8);
        using DumpTensors dumps = DumpTensors.Open(_directory.Path);
        using (FileStream file = new(_directory["x.bin"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(5);
        }

        Assert.Contains("cut short", Assert.Throws<GemmaException>(() => dumps.Tensors[0].Read(0, new byte[8])).Message, StringComparison.Ordinal);
    }

    [Property(MaxTest = 1000)]
    public Property Any_text_is_a_shape_or_refused() => Prop.ForAll(
        Gen.OneOf(
            ArbMap.Default.GeneratorFor<NonNull<string>>().Select(x => x.Get),
            Gen.ArrayOf(Gen.Elements('[', ']', ',', ' ', '0', '1', '9', '-', '\n')).Select(x => "[" + new string(x) + "]")).ToArbitrary(),
        text =>
    {
        try
        {
            return DumpTensors.ParseShape(Encoding.UTF8.GetBytes(text), "x").All(x => x >= 0);
        }
        catch (GemmaException)
        {
            return true;
        }
    });

    private void Write(string name, string shape, int bytes)
    {
        File.WriteAllText(_directory[name + ".meta"], shape);
        File.WriteAllBytes(_directory[name + ".bin"], [.. Enumerable.Range(0, bytes).Select(x => (byte)x)]);
    }
}
