using System.IO.Compression;
using System.Xml.Linq;

namespace ManagedGemma.Package.Tests.Support;

/// <summary>A package's files and what its nuspec says.</summary>
internal sealed class PackageContent : IDisposable
{
    private readonly ZipArchive _archive;

    public PackageContent(string path)
    {
        _archive = ZipFile.OpenRead(path);
        using Stream stream = _archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        Metadata = XDocument.Load(stream).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
    }

    public XElement Metadata { get; }

    /// <summary>Paths of all files but those that the format itself has.</summary>
    public string[] Files => [.. _archive.Entries.Select(entry => entry.FullName)
        .Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal) && name != "[Content_Types].xml")
        .Order(StringComparer.Ordinal)];

    /// <summary>"id version" of each dependency.</summary>
    public string[] Dependencies => [.. Metadata.Descendants()
        .Where(element => element.Name.LocalName == "dependency")
        .Select(element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}")
        .Order(StringComparer.Ordinal)];

    /// <summary>An element of the nuspec.</summary>
    public XElement Element(string name) => Metadata.Elements().Single(element => element.Name.LocalName == name);

    /// <summary>A file's bytes.</summary>
    public MemoryStream Read(string name)
    {
        using Stream stream = _archive.GetEntry(name)!.Open();
        MemoryStream content = new();
        stream.CopyTo(content);
        content.Position = 0;
        return content;
    }

    public void Dispose() => _archive.Dispose();
}
