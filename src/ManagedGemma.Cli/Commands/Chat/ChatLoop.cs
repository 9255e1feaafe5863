using System.Text;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Commands.Chat;

/// <summary>Reads messages and commands, line by line, and answers.</summary>
internal sealed class ChatLoop(Host host, Interrupt interrupt, Screen screen, Conversation conversation)
{
    private const int LongestLine = 1 << 20;

    private const string Help =
        """
        /system TEXT  give instructions, /system alone takes them back
        /clear        forget what was said; instructions stay
        /save FILE    write the conversation as JSON lines
        /load FILE    go on from what /save wrote, in place of this conversation
        /exit         leave, as do Ctrl-D and Ctrl-C here
        //TEXT        a message that begins with a slash
        Ctrl-C stops an answer; what came of it stays.
        """;

    private readonly TextFlow _flow = new(host);
    private readonly Lock _gate = new();
    private CancellationTokenSource? _answer;
    private bool _hasFailed;

    /// <summary>Talks until the input ends or the person leaves.</summary>
    /// <returns>The exit code: failed when some message of redirected input was not answered.</returns>
    /// <exception cref="OperationCanceledException">Ctrl-C with no answer under way.</exception>
    public int Run()
    {
        interrupt.Intercept(StopAnswer);
        try
        {
            using Stream input = host.Input();
            LineReader lines = new(input, "standard input", LongestLine);
            while (Next(lines) is { } line && Handle(line))
            {
            }
        }
        finally
        {
            interrupt.Intercept(null);
        }

        return _hasFailed && host.IsInputRedirected ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>Says where the conversation is from, and how it ended.</summary>
    public void ShowLoaded(string path)
    {
        screen.Say($"{Messages(conversation.Turns)} loaded from {path}.");
        screen.Recall(Transcript.End(conversation.Turns));
    }

    // The read goes on when the program is to end: nothing can take it back, and the process does not wait for it.
    private string? Next(LineReader lines)
    {
        if (!host.IsInputRedirected && host.IsOutTerminal)
        {
            host.Out.Write("> ");
            host.Out.Flush();
        }

        return Task.Run(() => Read(lines)).WaitAsync(interrupt.Token).GetAwaiter().GetResult();
    }

    private static string? Read(LineReader lines)
    {
        if (!lines.Next(out ReadOnlySpan<byte> line))
        {
            return null;
        }

        return lines.IsTooLong
            ? throw new GemmaException("the message is too long", "standard input", $"line {lines.Number}", $"at most {LongestLine} bytes")
            : Encoding.UTF8.GetString(line);
    }

    /// <summary>Whether to go on.</summary>
    private bool Handle(string line)
    {
        string text = line.Trim();
        if (text.Length == 0)
        {
            return true;
        }

        try
        {
            if (text[0] != '/')
            {
                Answer(line);
            }
            else if (text.StartsWith("//", StringComparison.Ordinal))
            {
                Answer(text[1..]);
            }
            else
            {
                return Obey(text);
            }
        }
        catch (GemmaException exception)
        {
            _hasFailed = true;
            screen.Fail(exception.Message);
        }

        return true;
    }

    private bool Obey(string text)
    {
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        string name = space < 0 ? text : text[..space], argument = space < 0 ? string.Empty : text[space..].Trim();
        switch (name)
        {
            case "/exit" or "/quit":
                return false;
            case "/help":
                foreach (string line in Help.Split('\n'))
                {
                    host.Error.WriteLine(line.TrimEnd('\r'));
                }

                break;
            case "/system":
                conversation.System = argument.Length > 0 ? argument : null;
                screen.Say(argument.Length > 0 ? "Instructions are set." : "Instructions are taken back.");
                break;
            case "/clear":
                conversation.Clear();
                screen.Say("The conversation is forgotten.");
                break;
            case "/save" when argument.Length > 0:
                ConversationFile.Write(argument, conversation.Turns);
                screen.Say($"{Messages(conversation.Turns)} saved to {argument}.");
                break;
            case "/load" when argument.Length > 0:
                conversation.Replace(ConversationFile.Read(argument));
                ShowLoaded(argument);
                break;
            case "/save" or "/load":
                throw new GemmaException($"{name} takes a file's name");
            default:
                throw new GemmaException("no such command; /help shows them, and a message may begin with //", subject: name);
        }

        return true;
    }

    private static string Messages(IReadOnlyList<ChatTurn> turns) => turns.Count == 1 ? "1 message" : $"{turns.Count} messages";

    private void Answer(string message)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token);
        lock (_gate)
        {
            _answer = stop;
        }

        try
        {
            GenerationUpdate? end = conversation.Answer(message, _flow.Write, stop.Token);
            _flow.End();
            interrupt.Token.ThrowIfCancellationRequested();
            if (end is null)
            {
                screen.Say("(stopped)");
            }
            else if (end.FinishReason == FinishReason.Length)
            {
                screen.Say($"({conversation.WhyCutOff(end)})");
            }
        }
        finally
        {
            _flow.End();
            lock (_gate)
            {
                _answer = null;
            }
        }
    }

    // The first Ctrl-C ends the answer; the next one, while it is still ending or at the prompt, the program.
    private bool StopAnswer()
    {
        lock (_gate)
        {
            if (_answer is null or { IsCancellationRequested: true })
            {
                return false;
            }

            _answer.Cancel();
            return true;
        }
    }
}
