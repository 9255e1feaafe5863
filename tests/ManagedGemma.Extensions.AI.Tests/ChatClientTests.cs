using ManagedGemma.Extensions.AI.Chat;
using ManagedGemma.Generation;
using ManagedGemma.Generation.Chat;
using Microsoft.Extensions.AI;

namespace ManagedGemma.Extensions.AI.Tests;

/// <summary>Conversations through <see cref="IChatClient"/>.</summary>
public sealed class ChatClientTests(DemoModel model) : IClassFixture<DemoModel>
{
    [Fact]
    public async Task Answers_what_the_generator_says_to_the_template()
    {
        using GemmaChatClient client = model.Client();
        ChatResponse response = await client.GetResponseAsync(DemoModel.Hello);
        int[] ids = ChatTemplate.Tokenize(model.Generator.Tokenizer, [new(ChatSpeaker.System, "S"), new(ChatSpeaker.User, "hello")]);
        Assert.Equal(model.Generator.Complete(ids, DemoModel.Letters).Text, response.Text);
        Assert.Equal(24, response.Text.Length);
        Assert.Equal((ids.Length, 24, ids.Length + 24), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
        Assert.Equal((ChatFinishReason.Length, DemoModel.Name), (response.FinishReason!.Value, response.ModelId));
        ChatMessage message = Assert.Single(response.Messages);
        Assert.Equal(ChatRole.Assistant, message.Role);
        Assert.NotNull(response.ResponseId);
    }

    [Fact]
    public async Task Streams_the_same_text()
    {
        using GemmaChatClient client = model.Client();
        List<ChatResponseUpdate> updates = await client.GetStreamingResponseAsync(DemoModel.Hello).ToListAsync();
        Assert.Equal((await client.GetResponseAsync(DemoModel.Hello)).Text, string.Concat(updates.Select(x => x.Text)));
        Assert.True(updates.Count > 2);
        Assert.All(updates.SkipLast(1), x => Assert.True(x.FinishReason is null && x.Text.Length > 0 && x.RawRepresentation is GenerationUpdate));
        Assert.Equal(ChatFinishReason.Length, updates[^1].FinishReason);
        Assert.Single(updates[^1].Contents.OfType<UsageContent>());
        Assert.Single(updates.Select(x => x.ResponseId).Distinct());
    }

    [Fact]
    public async Task Instructions_go_before_the_system_message()
    {
        using GemmaChatClient client = model.Client();
        ChatResponse response = await client.GetResponseAsync(DemoModel.Hello, new ChatOptions { Instructions = "I" });
        Assert.Equal("<start_of_turn>user\nI\n\nS\n\nhello<end_of_turn>\n<start_of_turn>model\n".Length + 1, response.Usage!.InputTokenCount);
    }

    [Fact]
    public async Task A_conversation_goes_on_from_what_was_kept()
    {
        using GemmaChatClient client = model.Client(keptConversations: 1), fresh = model.Client();
        List<ChatMessage> messages = [.. DemoModel.Hello];
        messages.AddMessages(await client.GetResponseAsync(messages));
        messages.Add(new ChatMessage(ChatRole.User, "and now"));
        ChatResponse second = await client.GetResponseAsync(messages), anew = await fresh.GetResponseAsync(messages);
        Assert.Equal(anew.Text, second.Text);
        Assert.Equal(0, anew.Usage!.CachedInputTokenCount);
        Assert.InRange(second.Usage!.CachedInputTokenCount!.Value, 24, second.Usage.InputTokenCount!.Value - 1);

        // A streamed answer may be put back as its updates came.
        messages.AddMessages(await client.GetStreamingResponseAsync(messages).ToListAsync());
        messages.Add(new ChatMessage(ChatRole.User, "x"));
        Assert.True((await client.GetResponseAsync(messages)).Usage!.CachedInputTokenCount > second.Usage.InputTokenCount);
    }

    [Fact]
    public async Task Cancellation_ends_it_within_a_token()
    {
        using GemmaChatClient client = model.Client(keptConversations: 1);
        using CancellationTokenSource stop = new();
        int count = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            ChatOptions endless = new() { MaxOutputTokens = 100_000 };
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(DemoModel.Hello, endless, stop.Token))
            {
                if (++count == 3)
                {
                    // The model runs ahead meanwhile.
                    Thread.Sleep(50);
                    await stop.CancelAsync();
                }
            }
        });
        Assert.Equal(3, count);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync(DemoModel.Hello, null, stop.Token));
        Assert.Equal(24, (await client.GetResponseAsync(DemoModel.Hello)).Text.Length);
    }

    [Fact]
    public async Task Many_at_once_each_get_their_own()
    {
        using GemmaChatClient client = model.Client();
        string[] alone = new string[6];
        for (int i = 0; i < alone.Length; i++)
        {
            alone[i] = (await client.GetResponseAsync($"hello {i}")).Text;
        }

        ChatResponse[] together = await Task.WhenAll(Enumerable.Range(0, alone.Length).Select(i => client.GetResponseAsync($"hello {i}")));
        Assert.Equal(alone, together.Select(x => x.Text));
    }

    [Fact]
    public async Task What_the_model_does_not_know_is_refused_by_name()
    {
        async Task Refused(string message, params ChatMessage[] messages)
        {
            using GemmaChatClient client = model.Client();
            GemmaException exception = await Assert.ThrowsAsync<GemmaException>(() => client.GetResponseAsync(messages));
            Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        }

        await Refused("message 1: images are not supported", new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]));
        await Refused("message 1: images are not supported", new ChatMessage(ChatRole.User, [new UriContent("https://example.org/a.png", "image/png")]));
        await Refused("(expected text, found DataContent)", new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "audio/wav")]));
        await Refused("(expected text, found FunctionCallContent)", new ChatMessage(ChatRole.User, "a"), new ChatMessage(ChatRole.Assistant, [new FunctionCallContent("1", "f")]));
        await Refused("message 2: the role is not supported (expected system, user or assistant, found tool)", new ChatMessage(ChatRole.User, "a"), new ChatMessage(ChatRole.Tool, "b"));
        await Refused("must alternate", new ChatMessage(ChatRole.User, "a"), new ChatMessage(ChatRole.User, "b"));
        await Refused("no messages");
    }

    [Fact]
    public void Tells_what_it_is()
    {
        using GemmaChatClient client = model.Client();
        Assert.Same(client, client.GetService<IChatClient>());
        Assert.Same(model.Generator, client.GetService<GemmaTextGenerator>());
        Assert.Equal(("managed_gemma", DemoModel.Name), (client.GetService<ChatClientMetadata>()!.ProviderName, client.GetService<ChatClientMetadata>()!.DefaultModelId));
        Assert.Null(client.GetService<string>());
        Assert.Null(client.GetService(typeof(IChatClient), "key"));
    }
}
