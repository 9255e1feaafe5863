namespace ManagedGemma.Checkpoints;

/// <summary>A part of a mapped file.</summary>
internal readonly record struct FileRange(MappedFile File, long Offset, long Length)
{
    private const long ProbeBytes = 16L << 20;

    /// <summary>One past the last byte.</summary>
    public long End => Offset + Length;

    /// <summary>One of several parts that are equally long but for rounding, and together the range.</summary>
    public FileRange Part(int part, int parts)
    {
        long start = (long)((Int128)Length * part / parts), end = (long)((Int128)Length * (part + 1) / parts);
        return this with { Offset = Offset + start, Length = end - start };
    }

    /// <summary>Makes neighbours one: ranges in the order of the file that are at most <paramref name="gap"/> bytes apart.</summary>
    public static List<FileRange> Merge(IEnumerable<FileRange> ranges, long gap)
    {
        List<FileRange> merged = [];
        foreach (FileRange range in ranges.OrderBy(x => x.File.Path, StringComparer.Ordinal).ThenBy(x => x.Offset))
        {
            if (merged.Count > 0 && merged[^1] is { } last && ReferenceEquals(last.File, range.File) && range.Offset - last.End <= gap)
            {
                merged[^1] = last with { Length = Math.Max(last.End, range.End) - last.Offset };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    /// <summary>Starts reading the range where it is not in memory.</summary>
    public void ReadAhead() => File.ReadAhead(Offset, Length);

    /// <summary>Gives the pages back, in this process and in the system's cache.</summary>
    public void Release() => File.Release(Offset, Length);

    /// <summary>Whether the range seems to be in memory: its last byte and one every 16 MB are.</summary>
    public bool IsCached()
    {
        for (long offset = Offset; offset < End; offset += ProbeBytes)
        {
            if (!File.IsCached(offset))
            {
                return false;
            }
        }

        return Length == 0 || File.IsCached(End - 1);
    }
}
