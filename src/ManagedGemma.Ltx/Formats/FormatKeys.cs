namespace ManagedGemma.Ltx.Formats;

/// <summary>Keys of tensors.</summary>
internal static class FormatKeys
{
    public const string VideoContext = "video_context";
    public const string AudioContext = "audio_context";
    public const string VideoPromptEmbeds = "video_prompt_embeds";
    public const string AudioPromptEmbeds = "audio_prompt_embeds";
    public const string PromptEmbeds = "prompt_embeds";
    public const string PromptAttentionMask = "prompt_attention_mask";
}
