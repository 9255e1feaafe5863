namespace ManagedGemma.Cli.Input.Captions;

/// <summary>How captions are written down.</summary>
internal enum CaptionFormat
{
    /// <summary>As the file's name ends.</summary>
    Auto,

    /// <summary>Comma-separated values with a line of column names.</summary>
    Csv,

    /// <summary>One JSON array of objects.</summary>
    Json,

    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>A caption a line; there are no media, and outputs are named by the line's number.</summary>
    Text,
}
