using System.Text;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;

namespace ManagedGemma.Cli.Commands.Chat;

/// <summary>What was said, and what the model has computed of it.</summary>
internal sealed class Conversation(GemmaTextGenerator generator, GenerationOptions options) : IDisposable
{
    private readonly List<ChatTurn> _turns = [];
    private PromptPrefix? _prefix;

    /// <summary>Instructions; null: none.</summary>
    public string? System { get; set; }

    /// <summary>All messages, the instructions first.</summary>
    public IReadOnlyList<ChatTurn> Turns => System is null ? _turns : [new ChatTurn(ChatSpeaker.System, System), .. _turns];

    /// <summary>Forgets all messages; the instructions stay.</summary>
    public void Clear() => _turns.Clear();

    /// <summary>Why an answer ended in the middle.</summary>
    /// <param name="end">Its last update.</param>
    public string WhyCutOff(GenerationUpdate end) => end.Usage!.GeneratedTokens >= options.MaxTokens
        ? $"cut off by --max-tokens {options.MaxTokens}"
        : $"cut off: the model's context of {generator.ContextLength} tokens is full, /clear makes room";

    /// <summary>Goes on from another conversation in place of this one, instructions included.</summary>
    /// <param name="turns">As <see cref="Turns"/> gives them.</param>
    public void Replace(IReadOnlyList<ChatTurn> turns)
    {
        System = turns is [{ Speaker: ChatSpeaker.System } instructions, ..] ? instructions.Text : null;
        _turns.Clear();
        _turns.AddRange(turns.Where(x => x.Speaker != ChatSpeaker.System));
    }

    /// <summary>
    /// Answers a message. A stopped answer stays as far as it got; where nothing came, or the message cannot be answered, it is as if the
    /// message had not been said.
    /// </summary>
    /// <param name="message">The person's.</param>
    /// <param name="show">Gets the text as it comes.</param>
    /// <param name="cancellation">Stops the answer.</param>
    /// <returns>Why it ended, and what it took; null when it was stopped.</returns>
    /// <exception cref="GemmaException">The conversation is too long for the model's context.</exception>
    public GenerationUpdate? Answer(string message, Action<string> show, CancellationToken cancellation)
    {
        _turns.Add(new ChatTurn(ChatSpeaker.User, message));
        StringBuilder answer = new();
        GenerationUpdate? last = null;
        try
        {
            int[] ids = ChatTemplate.Tokenize(generator.Tokenizer, Turns);
            foreach (GenerationUpdate update in generator.Generate(ids, options with { KeepPrefix = true }, _prefix, cancellation))
            {
                Keep(update.Prefix);

                // The model may be some tokens ahead of a slow terminal.
                cancellation.ThrowIfCancellationRequested();
                answer.Append(update.Text);
                show(update.Text);
                last = update;
            }

            return last;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            if (last?.FinishReason is null && string.IsNullOrWhiteSpace(answer.ToString()))
            {
                _turns.RemoveAt(_turns.Count - 1);
            }
            else
            {
                _turns.Add(new ChatTurn(ChatSpeaker.Assistant, answer.ToString()));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _prefix?.Dispose();

    private void Keep(PromptPrefix? prefix)
    {
        if (prefix is not null)
        {
            _prefix?.Dispose();
            _prefix = prefix;
        }
    }
}
