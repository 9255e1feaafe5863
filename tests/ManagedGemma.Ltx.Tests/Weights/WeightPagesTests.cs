using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Ltx.Connector;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Ltx.Weights;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Weights;

/// <summary>Weights of gigabytes are asked for before they are used, and can be given back.</summary>
public sealed class WeightPagesTests
{
    private const int ProductsOfABlock = 4;

    private static readonly LtxOptions Short = new() { Length = 128 };

    // Whoever changes the order of the products, or adds one, finds this test.
    [Theory]
    [InlineData("v20")]
    [InlineData("v23")]
    public void A_step_is_what_a_product_reads(string version)
    {
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint(version));
        ConnectorBlock[] blocks = [.. checkpoint.Video.Blocks, .. checkpoint.Audio.Blocks];
        Assert.Equal(blocks.Length * ProductsOfABlock, checkpoint.ConnectorPages.Steps.Count);
        for (int i = 0; i < blocks.Length; i++)
        {
            LinearLayer[][] products = [[blocks[i].Query, blocks[i].Key, blocks[i].Value], [blocks[i].Output], [blocks[i].Expand], [blocks[i].Contract]];
            for (int product = 0; product < products.Length; product++)
            {
                IReadOnlyList<FileRange> ranges = checkpoint.ConnectorPages.Steps[(i * products.Length) + product];
                foreach (LinearLayer layer in product == 0 && blocks[i].Gate is { } gate ? [.. products[0], gate] : products[product])
                {
                    FileRange own = layer.Weights.Weight.Range!.Value;
                    Assert.Contains(ranges, range => ReferenceEquals(range.File, own.File) && range.Offset <= own.Offset && range.End >= own.End);
                }
            }
        }

        FileRange[] projection = [.. checkpoint.Projection.Ranges];
        Assert.Equal(version == "v20" ? 1 : 2, projection.Length);
        Assert.Equal(checkpoint.Projection.Video.Weights.Weight.ByteLength, projection[0].Length);
    }

    [Fact]
    public void A_connector_goes_through_its_products_in_order()
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo();
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint("v23"));
        Recorder pages = new();
        using PageWalk walk = new(pages, releases: true);
        const int First = 5;
        for (int step = 0; step < First; step++)
        {
            walk.Leave();
        }

        pages.Calls.Clear();
        using ConnectorPass pass = new(checkpoint.Video, checkpoint.Config, encoder.Model.KernelTable, encoder.Model.Team, 128, walk);
        pass.Begin(new EmbeddingRows(0, checkpoint.Video.Sizes.Width, []), CancellationToken.None);
        Assert.Empty(pages.Calls);
        Array.ForEach(checkpoint.Video.Blocks, block => pass.Block(block, CancellationToken.None));
        int count = checkpoint.Video.Blocks.Length * ProductsOfABlock;
        Assert.Equal(Enumerable.Range(First, count).SelectMany(step => (int[])[step + 1, -step]), pages.Calls);
    }

    [Theory]
    [InlineData("A red fox.")]
    [InlineData("A red fox runs through fresh snow, and the camera follows it over the hill to a lake that lies still under the last light.")]
    public void Pages_that_are_given_back_are_read_again(string prompt)
    {
        using GemmaTextEncoder keeps = GemmaTextEncoder.LoadDemo(), releases = GemmaTextEncoder.LoadDemo(new GemmaModelOptions { ReleasePages = true });
        using LtxTextConditioner one = LtxTextConditioner.Load(keeps, LtxFixture.Checkpoint("v23")), other = LtxTextConditioner.Load(releases, LtxFixture.Checkpoint("v23"));
        LtxConditioning expected = one.Encode(prompt, Short);
        for (int i = 0; i < 2; i++)
        {
            LtxConditioning actual = other.Encode(prompt, Short);
            Assert.Equal(Nasty.Bits(expected.Video.Values.Span), Nasty.Bits(actual.Video.Values.Span));
            Assert.Equal(Nasty.Bits(expected.Audio.Values.Span), Nasty.Bits(actual.Audio.Values.Span));
        }
    }

    // Steps that were asked for as they are, those given back negative.
    private sealed class Recorder : IWeightPages
    {
        public List<int> Calls { get; } = [];

        public Task? ReadAhead(int step)
        {
            Calls.Add(step);
            return null;
        }

        public void Release(int step) => Calls.Add(-step);
    }
}
