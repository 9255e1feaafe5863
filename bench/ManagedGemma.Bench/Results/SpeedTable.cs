using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ManagedGemma.Bench.Results;

/// <summary>
/// Makes the README's tables of speeds from stored results, between its markers. A file that a test compiles too: what the README shows
/// is what the results say.
/// </summary>
internal static class SpeedTable
{
    private const string Begin = "<!-- bench -->", End = "<!-- /bench -->";

    /// <summary>A README with its tables made anew.</summary>
    /// <param name="readme">The text, with both markers.</param>
    /// <param name="results">The lines of each results file, in the order to show them.</param>
    public static string Apply(string readme, IEnumerable<IReadOnlyList<string>> results)
    {
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal), end = readme.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new FormatException($"the README has no {Begin} … {End}");
        }

        string tables = string.Join('\n', results.Select(Of));
        return string.Concat(readme.AsSpan(0, begin + Begin.Length), "\n", tables, readme.AsSpan(end));
    }

    /// <summary>The files of a folder of results, in the order of their names.</summary>
    public static IEnumerable<IReadOnlyList<string>> Read(string directory) => Directory.Exists(directory)
        ? Directory.EnumerateFiles(directory, "*.jsonl").Order(StringComparer.Ordinal).Select(File.ReadAllLines)
        : [];

    private static string Of(IReadOnlyList<string> lines)
    {
        JsonElement[] all = [.. lines.Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement machine = all[0];
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"**{Text(machine, "cpu")}**: {Text(machine, "name")}, {Integer(machine, "cores")} cores, .NET {Text(machine, "dotnet")}, {Text(machine, "date")}.");
        JsonElement[] slice = Part(all, "slice"), products = Part(all, "onnxruntime");

        // Those of the machine's limits that shares are held against.
        string?[] names = [.. slice.Select(line => line.GetProperty("limit_name").GetString())];
        JsonElement[] limits = [.. Part(all, "roofline").Where(line => names.Contains(Text(line, "name")))];
        if (limits.Length > 0)
        {
            text.Append(" Its limits with ").Append(string.Join(" / ", limits.Select(line => Integer(line, "threads")).Distinct())).Append(" threads: ");
            text.AppendJoin(", ", limits.GroupBy(line => (Text(line, "name"), Text(line, "unit"))).Select(limit =>
                $"{limit.Key.Item1} {string.Join(" / ", limit.Select(line => Rounded(Number(line, "value"))))} {limit.Key.Item2}"));
            text.Append('.');
        }

        text.Append("\n\n");
        if (slice.Length > 0)
        {
            Table(
                text,
                $"{Integer(slice[0], "layers")} layers of the 12b, tokens/s (share of the limit)",
                slice,
                line => Text(line, "case") == "decode" ? "decoding" : $"prefill, {Integer(line, "tokens")} tokens",
                cell => $"{Rounded(Number(cell[0], "tokens_per_s"))} ({Number(cell[0], "share").ToString("0.00", CultureInfo.InvariantCulture)})");
        }

        if (products.Length > 0)
        {
            Table(
                text,
                $"times as fast as ONNX Runtime {Text(products[0], "onnxruntime")}'s MatMulNBits",
                products,
                line => Integer(line, "tokens") == 1 ? "1 token" : $"{Integer(line, "tokens")} tokens",
                cell => GeometricMean(cell, "ratio").ToString("0.0", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    // Rows in the order in which they come; a column for each precision and number of threads.
    private static void Table(
        StringBuilder text, string title, JsonElement[] lines, Func<JsonElement, string> rowOf, Func<JsonElement[], string> cellOf)
    {
        string ColumnOf(JsonElement line) => $"{Text(line, "precision")}, {Integer(line, "threads")} thread{(Integer(line, "threads") == 1 ? string.Empty : "s")}";
        string[] columns = [.. lines.Select(ColumnOf).Distinct().Order(StringComparer.Ordinal)];
        text.Append("| ").Append(title).Append(" | ").AppendJoin(" | ", columns).Append(" |\n|-|").Append(string.Concat(columns.Select(_ => "-|"))).Append('\n');
        foreach (IGrouping<string, JsonElement> row in lines.GroupBy(rowOf).OrderBy(row => row.Key == "decoding"))
        {
            text.Append("| ").Append(row.Key);
            foreach (string column in columns)
            {
                JsonElement[] cell = [.. row.Where(line => ColumnOf(line) == column)];
                text.Append(" | ").Append(cell.Length > 0 ? cellOf(cell) : string.Empty);
            }

            text.Append(" |\n");
        }

        text.Append('\n');
    }

    private static JsonElement[] Part(JsonElement[] all, string part) => [.. all.Skip(1).Where(line => Text(line, "part") == part)];

    private static double GeometricMean(JsonElement[] cell, string key) => Math.Exp(cell.Average(line => Math.Log(Number(line, key))));

    private static string Rounded(double value) => value.ToString(value >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture);

    private static string Text(JsonElement line, string key) => line.GetProperty(key).GetString()!;

    private static double Number(JsonElement line, string key) => line.GetProperty(key).GetDouble();

    private static int Integer(JsonElement line, string key) => line.GetProperty(key).GetInt32();
}
