using System.Buffers.Binary;
using System.Text;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Tests.Checkpoints;

public sealed class MappedFileTests
{
    [Fact]
    public void A_tensor_beyond_two_gibibytes_is_read_at_its_end()
    {
        const long Rows = 3L << 20;
        const long Bytes = Rows << 10;
        using TemporaryDirectory directory = new();
        byte[] json = Encoding.ASCII.GetBytes($"{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{Rows},1024],\"data_offsets\":[0,{Bytes}]}}}}");
        using (FileStream stream = new(directory["big"], FileMode.CreateNew))
        {
            // Sparse: nothing but the ends is on the disk.
            byte[] length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
            stream.Write(length);
            stream.Write(json);
            stream.SetLength(8 + json.Length + Bytes);
            stream.Seek(-3, SeekOrigin.End);
            stream.Write([1, 2, 3]);
        }

        using SafetensorsFile file = SafetensorsFile.Open(directory["big"]);
        TensorView tensor = file.Tensor("a");
        Assert.Equal(Bytes, tensor.ByteLength);
        byte[] end = new byte[4];
        tensor.CopyTo(Bytes - 4, end);
        Assert.Equal([0, 1, 2, 3], end);
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.CopyTo(Bytes - 3, end));
    }

    [Fact]
    public unsafe void An_empty_file_maps_to_nothing()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllBytes(directory["empty"], []);
        using MappedFile file = MappedFile.Open(directory["empty"]);
        Assert.Equal(0, file.Length);
        Assert.True(file.Pointer is null);
    }

    [Fact]
    public unsafe void The_bytes_are_the_files_and_a_disposed_map_refuses()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllBytes(directory["f"], [7, 8, 9]);
        MappedFile file = MappedFile.Open(directory["f"]);
        Assert.Equal([7, 8, 9], new ReadOnlySpan<byte>(file.Pointer, 3).ToArray());
        Assert.Equal(directory["f"], file.Path);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Pointer is null);
    }
}
