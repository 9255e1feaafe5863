using ManagedGemma.Checkpoints;
using ManagedGemma.Checkpoints.Synthetic;

namespace ManagedGemma.Bench;

/// <summary>
/// Checkpoints of real size whose weights are a hole in the file: all zero, and no room on the disk. Neither memory nor time notices.
/// Slow tests compile this file too.
/// </summary>
internal static class HollowFiles
{
    private const string Config = """
        {"transformer": {"num_attention_heads": 32, "attention_head_dim": 128, "audio_num_attention_heads": 32, "audio_attention_head_dim": 64,
        "connector_num_attention_heads": 32, "connector_attention_head_dim": 128, "connector_num_layers": 8,
        "audio_connector_num_attention_heads": 32, "audio_connector_attention_head_dim": 64,
        "connector_positional_embedding_max_pos": [4096], "connector_apply_gated_attention": true, "frequencies_precision": "float64",
        "caption_channels": 3840, "caption_proj_before_connector": true, "caption_projection_first_linear": false,
        "caption_proj_input_norm": false, "caption_projection_second_linear": false, "rope_type": "split"}}
        """;

    /// <summary>The 12b; returns its directory.</summary>
    public static string Gemma12B(string directory)
    {
        SyntheticShape shape = SyntheticShape.Gemma12B(48);
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, "config.json"), SyntheticCheckpoint.ConfigJson(shape));
        Write(Path.Combine(directory, "model.safetensors"), SyntheticCheckpoint.Tensors(shape).Select(tensor => tensor.Spec), null);
        return directory;
    }

    /// <summary>The text parts of LTX-2.3; returns the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="states">The encoder's hidden states: layers + 1.</param>
    public static string Ltx23(string path, int states = 49)
    {
        List<SafetensorsSpec> tensors = [];
        foreach ((string modality, int width) in (ReadOnlySpan<(string, int)>)[("video", 4096), ("audio", 2048)])
        {
            string connector = $"model.diffusion_model.{modality}_embeddings_connector.";
            AddLinear($"text_embedding_projection.{modality}_aggregate_embed", width, 3840L * states);
            Add(connector + "learnable_registers", 128, width);
            for (int i = 0; i < 8; i++)
            {
                string block = $"{connector}transformer_1d_blocks.{i}.";
                foreach (string projection in (ReadOnlySpan<string>)["to_q", "to_k", "to_v", "to_out.0"])
                {
                    AddLinear($"{block}attn1.{projection}", width, width);
                }

                Add(block + "attn1.q_norm.weight", width);
                Add(block + "attn1.k_norm.weight", width);
                AddLinear(block + "attn1.to_gate_logits", 32, width);
                AddLinear(block + "ff.net.0.proj", 4 * width, width);
                AddLinear(block + "ff.net.2", width, 4 * width);
            }
        }

        Write(path, tensors, new Dictionary<string, string> { ["config"] = Config, ["model_version"] = "2.3.0" });
        return path;

        void Add(string name, params long[] shape) => tensors.Add(new SafetensorsSpec(name, ElementType.BF16, shape));

        void AddLinear(string module, long rows, long columns)
        {
            Add(module + ".weight", rows, columns);
            Add(module + ".bias", rows);
        }
    }

    private static void Write(string path, IEnumerable<SafetensorsSpec> tensors, Dictionary<string, string>? metadata)
    {
        SafetensorsLayout layout = SafetensorsLayout.Create(tensors, metadata);
        using FileStream file = File.Create(path);
        file.Write(layout.Head);
        file.SetLength(layout.FileLength);
    }
}
