using System.IO.Compression;
using System.Text;
using FsCheck.Xunit;
using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Formats;
using ManagedGemma.Ltx.Formats.Torch;
using ManagedGemma.Ltx.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Formats;

/// <summary>Files of <c>torch.save</c> from anywhere.</summary>
public class TorchFileTests
{
    private static readonly byte[] Sample = File.ReadAllBytes(FormatSamples.Path("one.pt"));

    [Fact]
    public void A_file_that_is_cut_short_is_refused_wherever_that_is()
    {
        for (int length = 0; length < Sample.Length; length += length < 2000 || length > Sample.Length - 2000 ? 7 : 997)
        {
            Assert.Throws<GemmaException>(() => Read(Sample[..length]));
        }
    }

    [Fact]
    public void A_flipped_bit_in_a_tensor_is_found()
    {
        byte[] damaged = [.. Sample];
        damaged[896 + 1000] ^= 1;
        Assert.Contains("checksum is wrong", Assert.Throws<GemmaException>(() => Read(damaged)).Message, StringComparison.Ordinal);
    }

    [Property(MaxTest = 1000)]
    public void Damage_is_refused_or_harmless(int seed)
    {
        // Headers, pickle, directory: the tensors' elements are held against their checksums.
        Random random = new(seed);
        byte[] damaged = [.. Sample];
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            int at = random.Next(2) == 0 ? random.Next(900) : damaged.Length - 1 - random.Next(1000);
            damaged[at] = (byte)random.Next(256);
        }

        try
        {
            Read(damaged);
        }
        catch (GemmaException)
        {
            // Refused.
        }
    }

    [Theory]
    [InlineData("not a file of torch.save")]
    [InlineData("byteorder", "a/byteorder=big")]
    [InlineData("a tensor's record is missing", "a/data/1=")]
    [InlineData("another length than the pickle says", "a/data/0=1234567")]
    [InlineData("another length than the pickle says", "a/data/0=123456789")]
    [InlineData("found 2", "b/data.pkl=x")]
    public void Records_must_fit_the_pickle(string problem, params string[] records)
    {
        byte[] pickle = TensorDictPickle.Of([new SafetensorsSpec("x", ElementType.I64, 1)]);
        bool isEmpty = records.Length == 0;
        GemmaException exception = Assert.Throws<GemmaException>(() => Read(Zip(isEmpty ? null : pickle, CompressionLevel.NoCompression, records)));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_record_is_refused_since_it_may_be_endless()
    {
        byte[] pickle = TensorDictPickle.Of([new SafetensorsSpec("x", ElementType.U8, 1000)]);
        string data = "a/data/0=" + new string('a', 1000);
        Assert.Equal(1000, Read(Zip(pickle, CompressionLevel.NoCompression, data)).Tensor("x").Data.Length);
        Assert.Contains(
            "compressed", Assert.Throws<GemmaException>(() => Read(Zip(pickle, CompressionLevel.Optimal, data))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a tensor leaves its record", 8, 1, new long[] { 8 }, new long[] { 1 })]
    [InlineData("a tensor leaves its record", 8, 9, new long[] { 0 }, new long[] { 1 })]
    [InlineData("a tensor leaves its record", 8, 0, new long[] { 9 }, new long[] { 1 })]
    [InlineData("a tensor leaves its record", 8, 0, new long[] { 3, 3 }, new long[] { 3, 1 })]
    [InlineData("not contiguous", 8, 0, new long[] { 2, 2 }, new long[] { 1, 2 })]
    [InlineData("not contiguous", 8, 0, new long[] { 8 }, new long[] { 0 })]
    [InlineData("not contiguous", 8, 0, new long[] { 8 }, new long[] { 1, 1 })]
    [InlineData("another length", 1L << 61, 0, new long[] { 8 }, new long[] { 1 })]
    [InlineData("", 8, 2, new long[] { 2, 3 }, new long[] { 3, 1 })]
    [InlineData("", 8, 7, new long[] { 1, 1 }, new long[] { 99, 5 })]
    [InlineData("", 8, 8, new long[] { 0 }, new long[] { 1 })]
    public void A_tensor_must_lie_in_its_record(string problem, long count, long offset, long[] shape, long[] strides)
    {
        string pickle = "\u0080\u0002}X\u0001\0\0\0xctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nByteStorage\nX\u0001\0\0\00X\u0003\0\0\0cpu"
            + Long(count) + "tQ" + Long(offset) + "(" + string.Concat(shape.Select(Long)) + "t(" + string.Concat(strides.Select(Long))
            + "t\u0089ccollections\nOrderedDict\n)RtRs.";
        byte[] zip = Zip(Encoding.Latin1.GetBytes(pickle), CompressionLevel.NoCompression, "a/data/0=abcdefgh");
        if (problem.Length > 0)
        {
            Assert.Contains(problem, Assert.Throws<GemmaException>(() => Read(zip)).Message, StringComparison.Ordinal);
            return;
        }

        TorchTensor tensor = Read(zip).Tensor("x");
        Assert.Equal(shape, tensor.Shape);
        Assert.Equal("abcdefgh".Substring((int)offset, (int)shape.Aggregate(1L, (a, b) => a * b)), Encoding.ASCII.GetString(tensor.Data.Span));
    }

    [Fact]
    public void Shapes_whose_product_overflows_are_refused()
    {
        // 2^62 · 4 and 2^32 · 2^32 wrap to zero.
        A_tensor_must_lie_in_its_record("leaves its record", 8, 0, [1L << 62, 4], [4, 1]);
        A_tensor_must_lie_in_its_record("not contiguous", 8, 0, [1L << 32, 1L << 32], [1L << 32, 1]);
    }

    [Fact]
    public void What_is_no_file_of_torch_says_so_and_names_the_file()
    {
        Assert.Contains("not a file of torch.save", Assert.Throws<GemmaException>(() => Read([1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.Equal("no-such-file.pt", Assert.Throws<GemmaException>(() => TorchFile.Open("no-such-file.pt")).FilePath);
        TorchFile file = Read(Sample);
        Assert.Equal("fox", Assert.Throws<GemmaException>(() => file.Tensor("fox")).Subject);
        Assert.Throws<GemmaException>(() => file.Tensor("video_prompt_embeds").ToIntegers());
        Assert.Throws<GemmaException>(() => file.Tensor("prompt_attention_mask").ToSingles());
    }

    private static TorchFile Read(byte[] bytes)
    {
        using MemoryStream stream = new(bytes);
        return TorchFile.Read(stream, "a.pt");
    }

    // Eight bytes always do.
    private static string Long(long value) => "\u008A\u0008" + Encoding.Latin1.GetString(BitConverter.GetBytes(value));

    private static byte[] Zip(byte[]? pickle, CompressionLevel level, params string[] records)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("a/version", "3\n"u8.ToArray());
            if (pickle is not null)
            {
                Add("a/data.pkl", pickle);
            }

            foreach (string record in records)
            {
                string[] parts = record.Split('=');
                Add(parts[0], Encoding.ASCII.GetBytes(parts[1]));
            }

            void Add(string name, byte[] data)
            {
                using Stream entry = zip.CreateEntry(name, name.EndsWith(".pkl", StringComparison.Ordinal) ? CompressionLevel.NoCompression : level).Open();
                entry.Write(data);
            }
        }

        return stream.ToArray();
    }
}
