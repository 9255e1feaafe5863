namespace ManagedGemma.Checkpoints;

/// <summary>Finds and opens the safetensors files of a model. Owns them until they are handed over.</summary>
internal static class CheckpointFiles
{
    private const string SingleName = "model.safetensors";
    private const string Pattern = "*.safetensors";

    /// <summary>Whether a directory holds files of this kind.</summary>
    public static bool AnyIn(string directory) => File.Exists(Path.Combine(directory, SafetensorsIndex.FileName)) || Names(directory).Count > 0;

    /// <summary>Opens what the directory holds and says which tensor is where.</summary>
    /// <param name="directory">An existing directory.</param>
    /// <param name="tensors">Takes the tensors that belong to the checkpoint, by name.</param>
    /// <returns>The open files, which the caller owns.</returns>
    /// <exception cref="GemmaException">No weights, several candidates, a missing shard, a tensor that is not where the index says.</exception>
    public static List<SafetensorsFile> Open(string directory, Dictionary<string, TensorView> tensors)
    {
        string index = Path.Combine(directory, SafetensorsIndex.FileName);
        if (File.Exists(index))
        {
            return Owned(files => OpenShards(directory, index, files, tensors));
        }

        string single = Path.Combine(directory, SingleName);
        return OpenFile(File.Exists(single) ? single : FindSingle(directory), tensors);
    }

    /// <summary>Opens a file that holds the whole checkpoint or, where its name says so, all parts beside it.</summary>
    /// <exception cref="GemmaException">A file is damaged or missing, or two hold the same tensor.</exception>
    public static List<SafetensorsFile> OpenFile(string path, Dictionary<string, TensorView> tensors) => Owned(files =>
    {
        ShardName? part = ShardName.Parse(Path.GetFileName(path));
        IEnumerable<string> paths = part is null ? [path] : part.Paths(Path.GetDirectoryName(path) ?? string.Empty);
        foreach (string one in paths)
        {
            SafetensorsFile file = SafetensorsFile.Open(one);
            files.Add(file);
            foreach (TensorView tensor in file.Tensors)
            {
                if (!tensors.TryAdd(tensor.Name, tensor))
                {
                    throw new GemmaException("duplicate tensor name", one, Untrusted.Show(tensor.Name), found: $"another in {tensors[tensor.Name].File}");
                }
            }
        }
    });

    private static List<SafetensorsFile> Owned(Action<List<SafetensorsFile>> open)
    {
        List<SafetensorsFile> files = [];
        try
        {
            open(files);
            return files;
        }
        catch
        {
            files.ForEach(x => x.Dispose());
            throw;
        }
    }

    private static void OpenShards(string directory, string indexPath, List<SafetensorsFile> files, Dictionary<string, TensorView> tensors)
    {
        SafetensorsIndex index = SafetensorsIndex.Parse(FileFailure.ReadSmall(indexPath, SafetensorsIndex.LongestFile), indexPath);
        Dictionary<string, SafetensorsFile> byName = new(StringComparer.Ordinal);
        foreach (string name in index.Files)
        {
            string path = Path.Combine(directory, name);
            if (!File.Exists(path))
            {
                throw new GemmaException("a file that the index names is missing", directory, Untrusted.Show(name));
            }

            SafetensorsFile file = SafetensorsFile.Open(path);
            files.Add(file);
            byName.Add(name, file);
        }

        foreach ((string tensor, string name) in index.Tensors)
        {
            tensors.Add(
                tensor,
                byName[name].TryGetTensor(tensor, out TensorView? view)
                    ? view
                    : throw new GemmaException("the tensor is not in the file that the index names", indexPath, Untrusted.Show(tensor), Untrusted.Show(name)));
        }
    }

    /// <summary>
    /// The one model of another name: a file or the first part of several. Where several lie there, the one that holds an
    /// embedding: an adapter or a dump beside a ComfyUI file is no part of the model.
    /// </summary>
    private static string FindSingle(string directory)
    {
        List<string> candidates = [.. Names(directory).DistinctBy(ModelOf)];
        if (candidates.Count > 1)
        {
            HashSet<string> models = [.. Names(directory).FindAll(HoldsEmbedding).Select(ModelOf)];
            candidates = models.Count > 0 ? candidates.FindAll(x => models.Contains(ModelOf(x))) : candidates;
        }

        return candidates.Count switch
        {
            0 => throw new GemmaException("no weight file", directory, expected: $"{SingleName}, {SafetensorsIndex.FileName}, one {Pattern} or one *.gguf"),
            1 => candidates[0],
            _ => throw new GemmaException(
                "several weight files and nothing that says which",
                directory,
                expected: $"{SingleName}, {SafetensorsIndex.FileName}, one {Pattern}, or a file's path instead of the directory's",
                found: string.Join(", ", candidates.Take(3).Select(Path.GetFileName))),
        };
    }

    /// <summary>What is the same for all parts of one model.</summary>
    private static string ModelOf(string path) => ShardName.Parse(Path.GetFileName(path)) is { } part ? part.Part(part.Count) : Path.GetFileName(path);

    private static List<string> Names(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFiles(directory, Pattern).Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(directory, exception);
        }
    }

    private static bool HoldsEmbedding(string path)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return file.Tensors.Any(x => SafetensorsWeights.PrefixOf(x.Name) is not null);
        }
        catch (GemmaException)
        {
            // A broken file is no candidate while there are others; alone it is opened and reported.
            return false;
        }
    }
}
