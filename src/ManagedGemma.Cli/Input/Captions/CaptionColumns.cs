namespace ManagedGemma.Cli.Input.Captions;

/// <summary>What columns or keys are called.</summary>
/// <param name="Caption">That of the caption.</param>
/// <param name="Media">That of the path of the image or video, by which the output is named.</param>
internal sealed record CaptionColumns(string Caption, string Media)
{
    /// <summary>The names in ltx-trainer's <c>process_captions.py</c>.</summary>
    public static readonly CaptionColumns Default = new("caption", "media_path");
}
