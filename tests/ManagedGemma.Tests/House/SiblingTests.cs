using System.Text.RegularExpressions;
using ManagedGemma.Kernels;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.House;

/// <summary>The same kernel for two instruction sets differs only in its width: a fix in one that misses the other shows here.</summary>
public partial class SiblingTests
{
    [Theory]
    [InlineData("RmsNorm/RmsNorm")]
    [InlineData("RangeNorm/RangeNorm")]
    [InlineData("Rope/Rope")]
    [InlineData("Softmax/Softmax")]
    [InlineData("Gelu/GeluTanh")]
    [InlineData("Gelu/GeluErf")]
    [InlineData("FloatMatMul/FloatMatMul")]
    [InlineData("RowUnpack/MlxUnpack")]
    [InlineData("TileTranspose/TileTranspose")]
    [InlineData("Int4/Int4Unpack")]
    [InlineData("Int4/Int8Dots")]
    [InlineData("Int4/Int16Dots")]
    public void Siblings_read_alike(string kernel)
    {
        string path = Path.Combine(TestFiles.Repository, "src", "ManagedGemma", "Kernels", kernel);
        Assert.Equal(WithoutWidth(path + "Avx2.cs"), WithoutWidth(path + "Avx512.cs"));
    }

    /// <summary>The portable ones fuse where the processor does, or by <see cref="Fused128"/> where the bits are promised.</summary>
    [Theory]
    [InlineData("RmsNorm/RmsNorm")]
    [InlineData("RangeNorm/RangeNorm")]
    [InlineData("Rope/Rope")]
    [InlineData("Softmax/Softmax")]
    [InlineData("Gelu/GeluTanh")]
    [InlineData("Gelu/GeluErf")]
    [InlineData("FloatMatMul/FloatMatMul")]
    [InlineData("TileTranspose/TileTranspose")]
    [InlineData("Int4/Int4Unpack")]
    public void Portable_siblings_read_alike(string kernel)
    {
        string path = Path.Combine(TestFiles.Repository, "src", "ManagedGemma", "Kernels", kernel);
        string portable = WithoutWidth(path + "Vector128.cs")
            .Replace("Fused128.MultiplyAdd", "Vec.FusedMultiplyAdd", StringComparison.Ordinal)
            .Replace("Vec.MultiplyAddEstimate", "Vec.FusedMultiplyAdd", StringComparison.Ordinal)
            .Replace("FloatMatMulEstimate", "FloatMatMulScalar", StringComparison.Ordinal);
        Assert.Equal(WithoutWidth(path + "Avx2.cs"), portable);
    }

    private static string WithoutWidth(string path)
    {
        IEnumerable<string> code = File.ReadLines(path).Where(line => !line.TrimStart().StartsWith("///", StringComparison.Ordinal));
        return Width().Replace(string.Join('\n', code), "N");
    }

    [GeneratedRegex("(?<!Fused)(Avx512BW|Avx512|Avx2|Vector512|Vector256|Vector128|512|256|128)")]
    private static partial Regex Width();
}
