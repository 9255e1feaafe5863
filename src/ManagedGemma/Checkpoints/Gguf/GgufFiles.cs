namespace ManagedGemma.Checkpoints.Gguf;

/// <summary>Finds and opens the GGUF files of a model: one, or the parts of a split one.</summary>
internal static class GgufFiles
{
    /// <summary>With its dot.</summary>
    public const string Extension = ".gguf";

    private const string ArchitectureKey = "general.architecture";
    private const string Supported = "gemma3";

    // What llama.cpp calls the vision tower that stands in a file of its own.
    private const string Projector = "clip";

    /// <summary>Opens a model: the file, and where its name says that it is a part of several, the others beside it.</summary>
    /// <returns>The open files, metadata first, which the caller owns.</returns>
    /// <exception cref="GemmaException">A file is damaged, missing, or no Gemma 3.</exception>
    public static List<GgufFile> Open(string path)
    {
        List<GgufFile> files = [];
        try
        {
            ShardName? part = ShardName.Parse(Path.GetFileName(path));
            if (part is null || part.Count == 1)
            {
                files.Add(GgufFile.Open(path));
            }
            else
            {
                files.AddRange(part.Paths(Path.GetDirectoryName(path) ?? string.Empty).Select(GgufFile.Open));
            }

            RequireGemma(files[0]);
            RequireParts(files);
            return files;
        }
        catch
        {
            files.ForEach(x => x.Dispose());
            throw;
        }
    }

    /// <summary>Whether a directory holds files of this kind.</summary>
    public static bool AnyIn(string directory) => Names(directory).Count > 0;

    /// <summary>The one model of a directory. Where several files lie there, those that are no Gemma 3 (a projector) do not count.</summary>
    /// <exception cref="GemmaException">There is none, or more than one.</exception>
    public static string FindIn(string directory)
    {
        // The later parts of a split model are opened with its first.
        List<string> paths = [.. Names(directory).Where(x => ShardName.Parse(Path.GetFileName(x)) is null or { Number: 1 })];
        if (paths.Count > 1)
        {
            List<string> models = paths.FindAll(IsModel);
            paths = models.Count > 0 ? models : paths;
        }

        const string Expected = "one *.gguf, or its path instead of the directory's";
        return paths.Count switch
        {
            0 => throw new GemmaException("no weight file", directory, expected: Expected),
            1 => paths[0],
            _ => throw new GemmaException(
                "several weight files and nothing that says which", directory, expected: Expected, found: string.Join(", ", paths.Take(3).Select(Path.GetFileName))),
        };
    }

    private static List<string> Names(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFiles(directory, "*" + Extension).Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(directory, exception);
        }
    }

    private static bool IsModel(string path)
    {
        try
        {
            using GgufFile file = GgufFile.Open(path);
            return file.Metadata.Text(ArchitectureKey) == Supported;
        }
        catch (GemmaException)
        {
            // A broken file is no candidate while there are others; alone it is opened and reported.
            return false;
        }
    }

    private static void RequireGemma(GgufFile file)
    {
        string architecture = file.Metadata.Text(ArchitectureKey) ?? throw file.Metadata.Bad(ArchitectureKey, "the key is missing", Supported);
        if (architecture == Supported)
        {
            return;
        }

        string shown = Untrusted.Show(architecture);
        throw file.Metadata.Bad(
            ArchitectureKey,
            architecture == Projector ? "this is a projector for images (mmproj), not the text model" : $"architecture {shown} is not Gemma 3",
            Supported,
            shown);
    }

    /// <summary>The files say themselves how many they are; a name can be changed.</summary>
    private static void RequireParts(List<GgufFile> files)
    {
        for (int i = 0; i < files.Count; i++)
        {
            GgufMetadata metadata = files[i].Metadata;
            int count = metadata.Count("split.count") ?? 1;
            if (Math.Max(count, 1) != files.Count)
            {
                throw metadata.Bad("split.count", "the file is a part of a model; its name must say which (…-00001-of-00002.gguf)", $"{files.Count}", $"{count}");
            }

            int number = metadata.Count("split.no") ?? 0;
            if (number != i)
            {
                throw metadata.Bad("split.no", "the file is another part than its name says", $"{i}", $"{number}");
            }
        }

        int tensors = files.Sum(x => x.Tensors.Count);
        if (files.Count > 1 && files[0].Metadata.Count("split.tensors.count") is { } expected && expected != tensors)
        {
            throw files[0].Metadata.Bad("split.tensors.count", "the parts hold another number of tensors", $"{expected}", $"{tensors}");
        }
    }
}
