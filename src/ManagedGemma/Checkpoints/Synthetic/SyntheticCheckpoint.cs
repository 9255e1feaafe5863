using System.Buffers;
using System.Text.Json;

namespace ManagedGemma.Checkpoints.Synthetic;

/// <summary>
/// Checkpoints of any size from a counter, the same byte for byte anywhere: for measuring and testing without a
/// download. MLX's 4-bit affine layout, group 64, names as in the multimodal conversions.
/// </summary>
public static class SyntheticCheckpoint
{
    private const string Prefix = "language_model.model.";
    private const int Piece = 1 << 20;

    /// <summary>Writes config.json and model.safetensors.
    /// Each file appears whole or not at all; the weights last, so that a directory with weights is complete.</summary>
    /// <param name="directory">Created if it is missing.</param>
    /// <param name="shape">The model's sizes.</param>
    /// <param name="cancellationToken">Stops the writing; the file that was begun is deleted.</param>
    /// <exception cref="GemmaException">The directory or a file cannot be written.</exception>
    /// <exception cref="ArgumentException">A size is not positive, or a width no multiple of 64.</exception>
    public static void Write(string directory, SyntheticShape shape, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(directory);
        Validate(shape);
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Writing(directory, exception, directory);
        }

        using (AtomicFile config = AtomicFile.Create(Path.Combine(directory, "config.json")))
        {
            config.Stream.Write(ConfigJson(shape));
            config.Commit();
        }

        List<SyntheticTensor> tensors = Tensors(shape);
        using SafetensorsWriter writer = SafetensorsWriter.Create(
            Path.Combine(directory, "model.safetensors"), tensors.Select(x => x.Spec), new Dictionary<string, string> { ["format"] = "mlx" });
        WriteTensors(writer, tensors, cancellationToken);
    }

    /// <summary>Writes every tensor; pieces of a mebibyte are made in parallel and written in order.</summary>
    internal static void WriteTensors(SafetensorsWriter writer, IEnumerable<SyntheticTensor> tensors, CancellationToken cancellationToken)
    {
        int pieces = 4 * Environment.ProcessorCount;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(pieces * Piece);
        try
        {
            foreach (SyntheticTensor tensor in tensors)
            {
                long length = writer.Begin(tensor.Spec.Name).ByteLength;
                for (long start = 0; start < length; start += pieces * Piece)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int count = (int)Math.Min(pieces * Piece, length - start);
                    Parallel.For(0, (count + Piece - 1) / Piece, i =>
                    {
                        int begin = i * Piece;
                        tensor.Fill(start + begin, buffer.AsSpan(begin, Math.Min(Piece, count - begin)));
                    });
                    writer.Write(buffer.AsSpan(0, count));
                }
            }

            writer.Complete();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Every tensor of the decoder, in the order of use.</summary>
    internal static List<SyntheticTensor> Tensors(SyntheticShape shape)
    {
        int hidden = shape.HiddenSize;
        int queries = shape.HeadCount * shape.HeadDim;
        int keys = shape.KeyValueHeadCount * shape.HeadDim;
        List<SyntheticTensor> tensors = [.. SyntheticTensor.Linear(Prefix + "embed_tokens", shape.VocabularySize, hidden)];
        for (int i = 0; i < shape.LayerCount; i++)
        {
            string layer = $"{Prefix}layers.{i}.";
            tensors.Add(SyntheticTensor.Norm(layer + "input_layernorm", hidden));
            tensors.AddRange(SyntheticTensor.Linear(layer + "self_attn.q_proj", queries, hidden));
            tensors.AddRange(SyntheticTensor.Linear(layer + "self_attn.k_proj", keys, hidden));
            tensors.AddRange(SyntheticTensor.Linear(layer + "self_attn.v_proj", keys, hidden));
            tensors.Add(SyntheticTensor.Norm(layer + "self_attn.q_norm", shape.HeadDim));
            tensors.Add(SyntheticTensor.Norm(layer + "self_attn.k_norm", shape.HeadDim));
            tensors.AddRange(SyntheticTensor.Linear(layer + "self_attn.o_proj", hidden, queries));
            tensors.Add(SyntheticTensor.Norm(layer + "post_attention_layernorm", hidden));
            tensors.Add(SyntheticTensor.Norm(layer + "pre_feedforward_layernorm", hidden));
            tensors.AddRange(SyntheticTensor.Linear(layer + "mlp.gate_proj", shape.IntermediateSize, hidden));
            tensors.AddRange(SyntheticTensor.Linear(layer + "mlp.up_proj", shape.IntermediateSize, hidden));
            tensors.AddRange(SyntheticTensor.Linear(layer + "mlp.down_proj", hidden, shape.IntermediateSize));
            tensors.Add(SyntheticTensor.Norm(layer + "post_feedforward_layernorm", hidden));
        }

        tensors.Add(SyntheticTensor.Norm(Prefix + "norm", hidden));
        return tensors;
    }

    /// <summary>The config.json that belongs to the sizes.</summary>
    internal static byte[] ConfigJson(SyntheticShape shape)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("architectures"u8);
            json.WriteStringValue("Gemma3ForConditionalGeneration"u8);
            json.WriteEndArray();
            json.WriteString("model_type"u8, "gemma3"u8);
            json.WriteStartObject("quantization"u8);
            json.WriteNumber("group_size"u8, 64);
            json.WriteNumber("bits"u8, 4);
            json.WriteEndObject();
            json.WriteStartObject("text_config"u8);
            json.WriteString("model_type"u8, "gemma3_text"u8);
            json.WriteNumber("hidden_size"u8, shape.HiddenSize);
            json.WriteNumber("intermediate_size"u8, shape.IntermediateSize);
            json.WriteNumber("num_attention_heads"u8, shape.HeadCount);
            json.WriteNumber("num_hidden_layers"u8, shape.LayerCount);
            json.WriteNumber("num_key_value_heads"u8, shape.KeyValueHeadCount);
            json.WriteNumber("head_dim"u8, shape.HeadDim);
            json.WriteNumber("query_pre_attn_scalar"u8, shape.HeadDim);
            json.WriteStartObject("rope_scaling"u8);
            json.WriteNumber("factor"u8, shape.RopeFactor);
            json.WriteString("rope_type"u8, "linear"u8);
            json.WriteEndObject();
            json.WriteNumber("sliding_window"u8, shape.SlidingWindow);
            json.WriteNumber("vocab_size"u8, shape.VocabularySize);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Validate(SyntheticShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.LayerCount, 1, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.VocabularySize, 1, nameof(shape));
        foreach (int width in (int[])[shape.HiddenSize, shape.IntermediateSize, shape.HeadCount * shape.HeadDim])
        {
            if (width < 64 || width % 64 != 0)
            {
                throw new ArgumentException($"A width of {width} is no positive multiple of 64.", nameof(shape));
            }
        }

        // What the reader would refuse should not be written.
        _ = GemmaConfig.Parse(ConfigJson(shape), "config.json");
    }
}
