using ManagedGemma.Checkpoints;

namespace ManagedGemma.Fuzz;

/// <summary>A model.safetensors.index.json. The files that it names must stay inside the directory.</summary>
internal sealed class IndexTarget : IFuzzTarget
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "root"));

    public string Name => "index";

    public void Run(ReadOnlySpan<byte> input)
    {
        SafetensorsIndex index;
        try
        {
            index = SafetensorsIndex.Parse(input, Name);
        }
        catch (GemmaException)
        {
            return;
        }

        HashSet<string> files = [];
        foreach (string file in index.Files)
        {
            Invariant.Holds(files.Add(file), "files are named once");
            Invariant.Holds(Path.GetDirectoryName(Path.GetFullPath(Path.Combine(Root, file))) == Root, "files lie in the directory");
        }

        HashSet<string> tensors = [];
        foreach ((string tensor, string file) in index.Tensors)
        {
            Invariant.Holds(tensors.Add(tensor), "tensors are named once");
            Invariant.Holds(files.Contains(file), "a tensor's file is among the files");
        }
    }
}
