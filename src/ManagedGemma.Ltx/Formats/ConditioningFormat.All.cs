using ManagedGemma.Checkpoints;
using ManagedGemma.Ltx.Formats.Containers;
using ManagedGemma.Ltx.Formats.Torch;

namespace ManagedGemma.Ltx.Formats;

/// <content>
/// The formats. Tensors come in the order in which their own writers put them: those of safetensors' Python package by the size of their
/// elements, then by name.
/// </content>
public sealed partial class ConditioningFormat
{
    private const string Bfloat16 = "bfloat16";

    private static readonly SafetensorsContainer Safetensors = new();

    /// <summary>
    /// What LTX-2's HDR pipeline takes as <c>--text-embeddings</c>, and diffusers' HDR example: <c>video_context</c> and
    /// <c>audio_context</c>, BF16 [1, T, width].
    /// </summary>
    public static ConditioningFormat Hdr { get; } = new(
        "hdr",
        "LTX-2's HDR pipeline and diffusers' HDR example",
        Safetensors,
        new FormatTensor(FormatKeys.AudioContext, RowSource.AudioContext, ElementType.BF16, true),
        new FormatTensor(FormatKeys.VideoContext, RowSource.VideoContext, ElementType.BF16, true));

    /// <summary>
    /// What ltx-trainer keeps in <c>conditions/</c> (<c>scripts/process_captions.py</c>): before the connectors, <c>video_prompt_embeds</c> and
    /// <c>audio_prompt_embeds</c>, BF16 [T, width], and <c>prompt_attention_mask</c>, I64 [T].
    /// </summary>
    public static ConditioningFormat LtxTrainer { get; } = new(
        "ltx-trainer",
        "ltx-trainer's conditions",
        new TorchContainer(),
        new FormatTensor(FormatKeys.VideoPromptEmbeds, RowSource.VideoProjection, ElementType.BF16, false),
        new FormatTensor(FormatKeys.PromptAttentionMask, RowSource.PromptMask, ElementType.I64, false),
        new FormatTensor(FormatKeys.AudioPromptEmbeds, RowSource.AudioProjection, ElementType.BF16, false));

    /// <summary>What ltx-trainer kept before, for LTX-2.0 alone: <c>prompt_embeds</c>, for video and audio both.</summary>
    public static ConditioningFormat LtxTrainerLegacy { get; } = new(
        "ltx-trainer-legacy",
        "older ltx-trainers, LTX-2.0 alone",
        new TorchContainer(),
        new FormatTensor(FormatKeys.PromptEmbeds, RowSource.VideoProjection, ElementType.BF16, false),
        new FormatTensor(FormatKeys.PromptAttentionMask, RowSource.PromptMask, ElementType.I64, false))
    {
        IsForVersionOne = true,
    };

    /// <summary>
    /// The arguments of diffusers' LTX-2 pipelines: raw hidden states, <c>prompt_embeds</c>, BF16 [1, T, hidden size · states] (index
    /// = d · states + state), and <c>prompt_attention_mask</c>, I64 [1, T].
    /// </summary>
    public static ConditioningFormat Diffusers { get; } = new(
        "diffusers",
        "prompt_embeds of diffusers' LTX-2 pipelines; needs no --ltx",
        Safetensors,
        new FormatTensor(FormatKeys.PromptAttentionMask, RowSource.PromptMask, ElementType.I64, true),
        new FormatTensor(FormatKeys.PromptEmbeds, RowSource.HiddenStates, ElementType.BF16, true));

    /// <summary>
    /// What ComfyUI-LTXVideo's node LTXVLoadConditioning reads from <c>models/embeddings/</c>: <c>conditioning_data_0</c>, BF16
    /// [1, T, video width + audio width], both contexts side by side, and <c>attention_mask_0</c>, I64 [1, T].
    /// </summary>
    public static ConditioningFormat ComfyUI { get; } = new(
        "comfyui",
        "ComfyUI-LTXVideo's LTXVLoadConditioning",
        Safetensors,
        new FormatTensor("attention_mask_0", RowSource.ContextMask, ElementType.I64, true),
        new FormatTensor("conditioning_data_0", RowSource.BothContexts, ElementType.BF16, true))
    {
        Metadata = _ => new Dictionary<string, string> { ["num_conditionings"] = "1", ["dtype"] = Bfloat16 },
    };

    /// <summary>
    /// musubi-tuner's cache of text encoder outputs, <c>*_ltx2_te.safetensors</c>: the contexts, apart and side by side, BF16 [T, width],
    /// and their mask twice, I64 [T]; the caption is in the metadata.
    /// </summary>
    public static ConditioningFormat Musubi { get; } = new(
        "musubi",
        "musubi-tuner's *_ltx2_te.safetensors",
        Safetensors,
        new FormatTensor($"video_prompt_embeds_{Bfloat16}", RowSource.VideoContext, ElementType.BF16, false),
        new FormatTensor($"audio_prompt_embeds_{Bfloat16}", RowSource.AudioContext, ElementType.BF16, false),
        new FormatTensor(FormatKeys.PromptAttentionMask, RowSource.ContextMask, ElementType.I64, false),
        new FormatTensor($"text_{Bfloat16}", RowSource.BothContexts, ElementType.BF16, false),
        new FormatTensor("text_mask", RowSource.ContextMask, ElementType.I64, false))
    {
        Metadata = prompt => new Dictionary<string, string>
        {
            ["architecture"] = "ltx2_v1",
            ["caption1"] = prompt ?? string.Empty,
            ["format_version"] = "1.0.1",
        },
    };

    /// <summary>NumPy arrays <c>video_context</c> and <c>audio_context</c>, float32 [1, T, width].</summary>
    public static ConditioningFormat Npz { get; } = new(
        "npz",
        "NumPy, both contexts",
        new NpzContainer(),
        new FormatTensor(FormatKeys.VideoContext, RowSource.VideoContext, ElementType.F32, true),
        new FormatTensor(FormatKeys.AudioContext, RowSource.AudioContext, ElementType.F32, true));

    /// <summary>One NumPy array, float32 [1, T, video width + audio width]: both contexts side by side.</summary>
    public static ConditioningFormat Npy { get; } = new(
        "npy",
        "NumPy, the contexts side by side",
        new NpyContainer(),
        new FormatTensor("context", RowSource.BothContexts, ElementType.F32, true));

    /// <summary>All formats; the first is the default.</summary>
    public static IReadOnlyList<ConditioningFormat> All { get; } = [Hdr, LtxTrainer, LtxTrainerLegacy, Diffusers, ComfyUI, Musubi, Npz, Npy];
}
