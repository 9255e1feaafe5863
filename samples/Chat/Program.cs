using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

// A directory, a file, or owner/name in the Hugging Face cache; null: the default model.
string? model = args.FirstOrDefault();

ServiceCollection services = new();
services.AddManagedGemma(options => options.Model = model);
await using ServiceProvider provider = services.BuildServiceProvider();

// Answers stream; the last update brings the usage.
IChatClient chat = provider.GetRequiredService<IChatClient>();
ChatOptions options = new() { Instructions = "Answer in one sentence.", Temperature = 0.7f, Seed = 1, MaxOutputTokens = 100 };
await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("Why is the sky blue?", options))
{
    Console.Write(update.Text);
}

Console.WriteLine();

// The same loaded model makes vectors.
var embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
ReadOnlyMemory<float> vector = await embeddings.GenerateVectorAsync("A red fox runs through fresh snow.");
Console.WriteLine($"{vector.Length} dimensions");
