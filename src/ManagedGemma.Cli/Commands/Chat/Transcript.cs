using ManagedGemma.Cli.Terminal;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Commands.Chat;

/// <summary>A conversation as it stood on the terminal: what the person said behind the prompt's mark, answers as they are.</summary>
internal static class Transcript
{
    private const int MostLines = 8;
    private const int LongestLine = 400;

    /// <summary>Its last lines; one that begins with an ellipsis in their place where there are more.</summary>
    public static IReadOnlyList<string> End(IReadOnlyList<ChatTurn> turns)
    {
        // Backwards: a conversation may be long, and of it only the end is looked at.
        List<string> lines = [];
        for (int i = turns.Count - 1; i >= 0 && lines.Count <= MostLines; i--)
        {
            string[] said = turns[i].Text.ReplaceLineEndings("\n").TrimEnd().Split('\n');
            string mark = turns[i].Speaker switch { ChatSpeaker.System => "/system ", ChatSpeaker.User => "> ", _ => string.Empty };
            lines.AddRange(said.Reverse().Take(MostLines + 1).Select(line => mark + SafeText.Begin(line, LongestLine)));
        }

        return lines.Count > MostLines ? ["…", .. lines.Take(MostLines).Reverse()] : [.. lines.AsEnumerable().Reverse()];
    }
}
