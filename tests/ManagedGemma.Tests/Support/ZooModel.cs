namespace ManagedGemma.Tests.Support;

/// <summary>One tiny checkpoint of the zoo and its golden. Here is the one list of those that must reach the goldens.</summary>
/// <param name="Name">The folder, or the GGUF file, relative to the zoo.</param>
/// <param name="Path">What a user would give as the model.</param>
/// <param name="GoldenPath">The golden's file.</param>
internal sealed record ZooModel(string Name, string Path, string GoldenPath)
{
    /// <summary>Part of the repository: these must be there.</summary>
    public static IReadOnlyList<string> InRepository { get; } =
    [
        "vlm-4bit", "text-4bit",
        "affine-b2-g32", "affine-b3-g128", "affine-b6-g64-f32", "affine-b8-g32", "affine-b8-g64-part", "mixed", "mxfp4", "mxfp8", "nvfp4",
        "dense-bf16", "dense-f16", "dense-f32", "comfy",
        "gguf/tiny-Q4_0.gguf", "gguf/tiny-Q4_1.gguf", "gguf/tiny-Q5_0.gguf", "gguf/tiny-Q8_0.gguf", "gguf/tiny-BF16.gguf", "gguf/tiny-F16.gguf",
    ];

    /// <summary>Not to be redistributed: left out where the goldens beside the repository are not there.</summary>
    public static IReadOnlyList<string> Beside { get; } = ["gguf/real-2-layer.gguf"];

    /// <summary>All that are there.</summary>
    public static IEnumerable<ZooModel> All => InRepository.Concat(TestFiles.Goldens is null ? [] : Beside).Select(Named);

    /// <summary>The prompts of the golden: <c>n7</c> for <c>ids_n7</c>.</summary>
    public IReadOnlyList<string> Cases
    {
        get
        {
            const string Prefix = "ids_";
            using Golden golden = new(GoldenPath);
            return [.. golden.Names.Where(x => x.StartsWith(Prefix, StringComparison.Ordinal)).Select(x => x[Prefix.Length..])];
        }
    }

    /// <summary>A model by name.</summary>
    public static ZooModel Named(string name)
    {
        string root = InRepository.Contains(name) ? TestFiles.Fixtures : TestFiles.Goldens!;
        string path = System.IO.Path.Combine(root, "zoo", name);
        return new ZooModel(
            name,
            path,
            name.EndsWith(".gguf", StringComparison.Ordinal)
                ? System.IO.Path.ChangeExtension(path, ".golden.safetensors")
                : System.IO.Path.Combine(path, "golden.safetensors"));
    }
}
