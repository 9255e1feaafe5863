namespace ManagedGemma.Checkpoints;

/// <summary>Finds and opens the weight files of a directory. Owns them until they are handed over.</summary>
internal static class CheckpointFiles
{
    private const string SingleName = "model.safetensors";

    /// <summary>Opens what the directory holds and says which tensor is where.</summary>
    /// <param name="directory">An existing directory.</param>
    /// <param name="tensors">Takes the tensors that belong to the checkpoint, by name.</param>
    /// <returns>The open files, which the caller owns.</returns>
    /// <exception cref="GemmaException">No weights, several candidates, a missing shard, a tensor that is not where the index says.</exception>
    public static List<SafetensorsFile> Open(string directory, Dictionary<string, TensorView> tensors)
    {
        List<SafetensorsFile> files = [];
        try
        {
            string index = Path.Combine(directory, SafetensorsIndex.FileName);
            if (File.Exists(index))
            {
                OpenShards(directory, index, files, tensors);
            }
            else
            {
                string single = Path.Combine(directory, SingleName);
                OpenSingle(File.Exists(single) ? single : FindSingle(directory), files, tensors);
            }

            return files;
        }
        catch
        {
            files.ForEach(x => x.Dispose());
            throw;
        }
    }

    /// <summary>Opens one file that holds the whole checkpoint.</summary>
    public static void OpenSingle(string path, List<SafetensorsFile> files, Dictionary<string, TensorView> tensors)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        files.Add(file);
        foreach (TensorView tensor in file.Tensors)
        {
            tensors.Add(tensor.Name, tensor);
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
    /// The one file of another name. Where several lie there, the one that holds an embedding: an adapter or a dump beside
    /// a ComfyUI file is no part of the model.
    /// </summary>
    private static string FindSingle(string directory)
    {
        List<string> candidates;
        try
        {
            candidates = [.. Directory.EnumerateFiles(directory, "*.safetensors").Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (FileFailure.Is(exception))
        {
            throw FileFailure.Reading(directory, exception);
        }

        if (candidates.Count > 1)
        {
            string? shard = candidates.Find(x => Path.GetFileName(x).Contains("-of-", StringComparison.Ordinal));
            if (shard is not null)
            {
                throw new GemmaException($"the directory holds a part of a model but no {SafetensorsIndex.FileName}", directory, Path.GetFileName(shard));
            }

            List<string> models = candidates.FindAll(HoldsEmbedding);
            candidates = models.Count > 0 ? models : candidates;
        }

        return candidates.Count switch
        {
            0 => throw new GemmaException("no weight file", directory, expected: $"{SingleName}, {SafetensorsIndex.FileName} or one *.safetensors"),
            1 => candidates[0],
            _ => throw new GemmaException(
                "several weight files and nothing that says which",
                directory,
                expected: $"{SingleName}, {SafetensorsIndex.FileName} or one *.safetensors",
                found: string.Join(", ", candidates.Take(3).Select(Path.GetFileName))),
        };
    }

    private static bool HoldsEmbedding(string path)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return file.Tensors.Any(x => GemmaCheckpoint.PrefixOf(x.Name) is not null);
        }
        catch (GemmaException)
        {
            // A broken file is no candidate while there are others; alone it is opened and reported.
            return false;
        }
    }
}
