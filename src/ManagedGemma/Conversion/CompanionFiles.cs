using ManagedGemma.Checkpoints;

namespace ManagedGemma.Conversion;

/// <summary>What lies beside a checkpoint's weights and goes with them as it is: tokenizer, chat template, defaults of generation.</summary>
internal sealed class CompanionFiles
{
    private static readonly string[] Names =
    [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "chat_template.jinja", "chat_template.json", "generation_config.json",
    ];

    private readonly List<(FileInfo File, long Length)> _files = [];

    /// <summary>Looks.</summary>
    /// <param name="directory">Where the weights lie; null: nowhere.</param>
    public CompanionFiles(string? directory)
    {
        foreach (string name in directory is null ? [] : Names)
        {
            // In a hub's cache these are links: the length wanted is that of the file behind.
            FileInfo file = new(Path.Combine(directory!, name));
            if (file.Exists)
            {
                _files.Add((file, (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length));
            }
        }
    }

    /// <summary>The files' names.</summary>
    public IReadOnlyList<string> Found => [.. _files.Select(x => x.File.Name)];

    /// <summary>Bytes of all.</summary>
    public long ByteLength => _files.Sum(x => x.Length);

    /// <summary>Copies all.</summary>
    /// <exception cref="GemmaException">A file cannot be read, or has changed; or the disk is full.</exception>
    public void CopyTo(AtomicDirectory destination, CancellationToken cancellation)
    {
        byte[] buffer = new byte[1 << 18];
        foreach ((FileInfo file, long length) in _files)
        {
            Stream output = destination.Begin(file.Name, length);
            try
            {
                using FileStream input = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
                for (long left = length; left > 0;)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int count = input.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
                    if (count == 0)
                    {
                        throw new GemmaException("the file has become shorter while it was read", file.FullName);
                    }

                    output.Write(buffer, 0, count);
                    left -= count;
                }
            }
            catch (Exception exception) when (FileFailure.Is(exception))
            {
                throw FileFailure.Reading(file.FullName, exception);
            }
        }
    }
}
