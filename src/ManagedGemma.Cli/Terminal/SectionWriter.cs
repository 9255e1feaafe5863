using ManagedGemma.Cli.Hosting;
using Spectre.Console;

namespace ManagedGemma.Cli.Terminal;

/// <summary>Shows sections: bordered tables on a terminal; plain aligned lines anywhere else, which also saves loading Spectre.</summary>
internal static class SectionWriter
{
    /// <summary>To standard output.</summary>
    public static void ToOut(Host host, IEnumerable<Section> sections) => Write(host.Out, host.IsOutTerminal, sections);

    /// <summary>To standard error.</summary>
    public static void ToError(Host host, IEnumerable<Section> sections) => Write(host.Error, host.IsErrorTerminal, sections);

    private static void Write(TextWriter writer, bool isTerminal, IEnumerable<Section> sections)
    {
        if (isTerminal)
        {
            IAnsiConsole console = Consoles.For(writer);
            foreach (Section section in sections)
            {
                console.Write(Table(section));
            }
        }
        else
        {
            bool isFirst = true;
            foreach (Section section in sections)
            {
                if (!isFirst)
                {
                    writer.WriteLine();
                }

                isFirst = false;
                Plain(writer, section);
            }
        }
    }

    private static Table Table(Section section)
    {
        Table table = new() { Border = TableBorder.Rounded, ShowHeaders = section.Columns.Count > 0 };
        table.BorderColor(Color.Grey);
        if (section.Title.Length > 0)
        {
            table.Title = new TableTitle(Markup.Escape(SafeText.Show(section.Title)), new Style(decoration: Decoration.Bold));
        }

        int count = section.Columns.Count > 0 ? section.Columns.Count : 2;
        for (int i = 0; i < count; i++)
        {
            string head = section.Columns.Count > 0 ? section.Columns[i] : string.Empty;
            TableColumn column = new(new Text(head.TrimStart('>'), new Style(decoration: Decoration.Bold)));
            if (head.StartsWith('>'))
            {
                column.RightAligned();
            }

            // Names keep their line; what has to break is the value.
            column.NoWrap = i == 0 && section.Columns.Count == 0;
            table.AddColumn(column);
        }

        foreach ((int index, IReadOnlyList<string> row) in section.Rows.Index())
        {
            Style style = section.Marked.Contains(index) ? new Style(Color.Red) : Style.Plain;
            table.AddRow(row.Select((cell, i) => new Text(SafeText.Show(cell), i == 0 && section.Columns.Count == 0 ? new Style(Color.Grey) : style)));
        }

        return table;
    }

    private static void Plain(TextWriter writer, Section section)
    {
        if (section.Title.Length > 0)
        {
            writer.WriteLine(SafeText.Show(section.Title));
        }

        List<IReadOnlyList<string>> rows = [.. section.Rows];
        if (section.Columns.Count > 0)
        {
            rows.Insert(0, [.. section.Columns.Select(x => x.TrimStart('>'))]);
        }

        int[] widths = new int[rows.Count > 0 ? rows[0].Count : 0];
        foreach (IReadOnlyList<string> row in rows)
        {
            for (int i = 0; i < widths.Length; i++)
            {
                widths[i] = Math.Max(widths[i], SafeText.Show(row[i]).Length);
            }
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            IEnumerable<string> cells = row.Select((cell, i) =>
            {
                string shown = SafeText.Show(cell);
                bool isRight = section.Columns.Count > 0 && section.Columns[i].StartsWith('>');
                return isRight ? shown.PadLeft(widths[i]) : shown.PadRight(widths[i]);
            });
            writer.WriteLine(string.Join("  ", cells).TrimEnd());
        }
    }
}
