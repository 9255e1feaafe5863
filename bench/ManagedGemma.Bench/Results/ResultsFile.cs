using System.Text.Json;
using System.Text.Json.Nodes;

namespace ManagedGemma.Bench.Results;

/// <summary>Results of one kind of CPU: a line about the machine, then the lines that the benches print, each with its part and date.</summary>
internal static class ResultsFile
{
    /// <summary>Replaces the lines of one part and the line about the machine; other parts stay.</summary>
    public static void Store(string directory, Machine machine, string part, IEnumerable<string> lines)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, machine.Cpu + ".jsonl");
        IEnumerable<string> others = File.Exists(path) ? File.ReadLines(path).Skip(1).Where(line => PartOf(line) != part) : [];
        IEnumerable<string> mine = lines.Select(line =>
        {
            JsonObject tagged = new() { ["part"] = part, ["date"] = machine.Date };
            foreach ((string key, JsonNode? value) in JsonNode.Parse(line)!.AsObject())
            {
                tagged[key] = value?.DeepClone();
            }

            return tagged.ToJsonString();
        });
        string[] all = [JsonSerializer.Serialize(machine, MachineJson.Default.Machine), .. others.Concat(mine).OrderBy(OrderOf)];
        string temporary = path + ".tmp";
        File.WriteAllText(temporary, string.Join('\n', all) + "\n");
        File.Move(temporary, path, overwrite: true);
    }

    private static string PartOf(string line) => JsonNode.Parse(line)!["part"]!.GetValue<string>();

    private static int OrderOf(string line) => Array.IndexOf(ResultsCommand.Parts, PartOf(line));
}
