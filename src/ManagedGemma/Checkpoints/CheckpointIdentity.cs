using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ManagedGemma.Checkpoints;

/// <summary>
/// Tells checkpoints apart without reading them whole: SHA-256 over the config's numbers and, tensor by tensor in the order of names, name,
/// type, shape and samples of the content (beginning, middle, end). Two files with the same identity differ, if at all, in weights between the
/// samples; where the file lies, and how its tensors are spread over files, does not matter.
/// </summary>
internal static class CheckpointIdentity
{
    private const int SampleBytes = 4096;

    /// <summary>The identity, in hexadecimal digits.</summary>
    public static string Of(GemmaCheckpoint checkpoint)
    {
        checkpoint.CheckLengths();
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Numbers(checkpoint.Config)));
        byte[] sample = new byte[SampleBytes];
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (TensorView tensor in checkpoint.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            byte[] head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{tensor.Name} {tensor.TypeName} {string.Join(',', tensor.Shape)}"));
            BinaryPrimitives.WriteInt32LittleEndian(length, head.Length);
            hash.AppendData(length);
            hash.AppendData(head);
            int count = (int)Math.Min(SampleBytes, tensor.ByteLength);
            long last = tensor.ByteLength - count;
            foreach (long offset in (long[])[0, last / 2, last])
            {
                tensor.CopyTo(offset, sample.AsSpan(0, count));
                hash.AppendData(sample.AsSpan(0, count));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // What shapes do not tell and a forward pass depends on.
    private static string Numbers(GemmaConfig config) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        {config.HiddenSize} {config.IntermediateSize} {config.HeadCount} {config.KeyValueHeadCount} {config.HeadDim} {config.RmsNormEps:R}
        {config.SlidingWindow} {config.QueryPreAttnScalar:R} {string.Join(',', config.FullAttention)}
        {config.RopeThetaFull:R} {config.RopeThetaSliding:R} {config.RopeFactorFull:R} {config.RopeFactorSliding:R}

        """);
}
