using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class WeightMatrixTests : IDisposable
{
    private readonly TensorMemory _memory = new(1 << 16, "file");

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData("", "weight BF16 5,96")]
    [InlineData("", "weight F32 5,96|biases F32 5")]
    [InlineData("affine 4 32", "weight U32 5,12|scales BF16 5,3|biases BF16 5,3")]
    [InlineData("affine 3 32", "weight U32 5,9|scales F32 5,3|biases F32 5,3")]
    [InlineData("mxfp4 4 32", "weight U32 5,12|scales U8 5,3")]
    [InlineData("mxfp8 8 32", "weight U32 5,24|scales U8 5,3")]
    [InlineData("nvfp4 4 16", "weight U32 5,12|scales U8 5,6")]
    public void Tensors_that_fit_make_a_matrix(string scheme, string tensors)
    {
        WeightMatrix matrix = Read(scheme, tensors, 5, 96);
        Assert.Equal(("m", 5L, 96L), (matrix.Path, matrix.Rows, matrix.Columns));
        Assert.Equal(scheme.Length > 0, matrix.Scales is not null);
        Assert.Equal(scheme.StartsWith('a'), matrix.Biases is not null);
        Assert.Equal(5, Read(scheme, tensors, -1, 96).Rows);
    }

    [Theory]
    [InlineData("", "weight U32 5,12", "m.weight: has the wrong type for a module without m.scales (expected BF16, F16 or F32, found U32)")]
    [InlineData("", "weight BF16 6,96", "m.weight: has the wrong shape (expected [5,96], found [6,96])")]
    [InlineData("", "weight BF16 5,95", "m.weight: has the wrong shape (expected [5,96], found [5,95])")]
    [InlineData("", "weight BF16 480", "m.weight: has the wrong shape (expected [5,columns], found [480])")]
    [InlineData("", "weight BF16 0,96", "m.weight: has the wrong shape (expected [5,columns], found [0,96])")]
    [InlineData("affine 4 64", "weight U32 5,12|scales BF16 5,3|biases BF16 5,3", "m.weight: 96 columns do not divide into groups of 64")]
    [InlineData("affine 4 32", "weight I32 5,12|scales BF16 5,3|biases BF16 5,3", "m.weight: weight of m, which has scales, must be U32")]
    [InlineData("affine 4 32", "weight U32 5,12|scales U8 5,3|biases U8 5,3", "m.scales: scales have the wrong type (expected BF16, F16 or F32, found U8)")]
    [InlineData("affine 4 32", "weight U32 5,12|scales BF16 5,3|biases F16 5,3", "m.biases: biases of m do not match its scales (expected BF16, found F16)")]
    [InlineData("affine 4 32", "weight U32 5,12|scales BF16 5,3|biases BF16 15", "m.biases: biases of m do not match its scales (expected [5,3], found [15])")]
    [InlineData("affine 4 32", "weight U32 5,12|scales BF16 5,3", "m.biases: missing tensor")]
    [InlineData("mxfp4 4 32", "weight U32 5,12|scales BF16 5,3", "m.scales: scales in mode mxfp4 must be bytes (expected U8, found BF16)")]
    [InlineData("mxfp4 4 32", "weight U32 5,12|scales U8 5,3|biases U8 5,3", "m.biases: mode mxfp4 has no biases")]
    [InlineData("nvfp4 4 16", "weight U32 5,12|scales U8 5,3", "m.scales: scales of m do not match its weight, bits and group size (expected [5,6], found [5,3])")]
    public void Tensors_that_do_not_fit_are_refused(string scheme, string tensors, string says)
    {
        GemmaException exception = Assert.Throws<GemmaException>(() => Read(scheme, tensors, 5, 96));
        Assert.StartsWith("file: " + says, exception.Message, StringComparison.Ordinal);
    }

    private WeightMatrix Read(string scheme, string tensors, long rows, long columns)
    {
        Dictionary<string, TensorView> views = [];
        foreach (string[] tensor in tensors.Split('|').Select(x => x.Split(' ')))
        {
            ElementType type = ElementTypeExtensions.FromSafetensorsName(tensor[1])!.Value;
            long[] shape = [.. tensor[2].Split(',').Select(long.Parse)];
            string name = "m." + tensor[0];
            views.Add(name, new TensorView(name, type, shape, _memory, 0, shape.Aggregate(1L, (a, b) => a * b) * type.ByteSize()));
        }

        QuantizationConfig? quantization = scheme.Split(' ') is [string mode, string bits, string group]
            ? new QuantizationConfig(new QuantizationScheme(
                QuantizationScheme.ModeNamed(mode)!.Value, int.Parse(bits, null), int.Parse(group, null)))
            : null;
        return WeightMatrixReader.Read(views.GetValueOrDefault, quantization, views["m.weight"], "m", rows, columns);
    }
}
