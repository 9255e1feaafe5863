using ManagedGemma.Conditioning;
using ManagedGemma.Extensions.AI.Chat;
using ManagedGemma.Generation;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary>The demo, shared by the tests of a class: its text is random letters, but as reproducible as any.</summary>
public sealed class DemoModel : IDisposable
{
    public const string Name = "demo";

    public DemoModel()
    {
        Encoder = GemmaTextEncoder.LoadDemo();
        Generator = GemmaTextGenerator.Over(Encoder, new GeneratorOptions { LeaveModelOpen = true });
    }

    public GemmaTextEncoder Encoder { get; }

    public GemmaTextGenerator Generator { get; }

    /// <summary>Letters a to z alone, so that nothing stops by itself.</summary>
    public static GenerationOptions Letters { get; } = new()
    {
        MaxTokens = 24,
        LogitBias = Enumerable.Range(0, 320).Where(x => x is < 4 + 'a' or > 4 + 'z').ToDictionary(x => x, _ => double.NegativeInfinity),
    };

    public static ChatMessage[] Hello { get; } = [new(ChatRole.System, "S"), new(ChatRole.User, "hello")];

    public GemmaChatClient Client(int keptConversations = 0) => new(Generator, Name, Letters, keptConversations);

    public void Dispose()
    {
        Generator.Dispose();
        Encoder.Dispose();
    }
}
