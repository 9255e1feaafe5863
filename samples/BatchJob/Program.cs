// A batch job: a prompt a line in, a file of features each out. Several prompts share a pass over the weights. Ctrl-C ends it cleanly, and the
// next run goes on where it was: a file appears whole or not at all.
using ManagedGemma;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;

if (args is not [string input, string directory])
{
    Console.Error.WriteLine("usage: BatchJob PROMPTS.txt DIRECTORY");
    return 2;
}

using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};

try
{
    Directory.CreateDirectory(directory);
    using GemmaTextEncoder encoder = GemmaTextEncoder.TryLoadDefault(out GemmaTextEncoder? found) ? found : GemmaTextEncoder.LoadDemo();
    EncodeOptions options = new() { Padding = Padding.None };
    List<(string Path, string Text)> pending = [.. File.ReadLines(input)
        .Select((text, index) => (Path: Path.Combine(directory, $"{index + 1:000000}.safetensors"), Text: text))
        .Where(prompt => prompt.Text.Length > 0 && !File.Exists(prompt.Path))];

    int done = 0;
    IEnumerable<PromptTokens> tokens = pending.Select(prompt => encoder.Tokenize(prompt.Text, options));
    foreach (PromptFeatures features in encoder.EncodeMany(tokens, options, cancellation: stop.Token))
    {
        Write(pending[done++].Path, features);
        Console.WriteLine($"{done} of {pending.Count}");
    }

    return 0;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("stopped; the next run goes on from here");
    return 130;
}
catch (Exception exception) when (exception is GemmaException or IOException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}

static void Write(string path, PromptFeatures features)
{
    using SafetensorsWriter writer = SafetensorsWriter.Create(
        path, [new SafetensorsSpec("features", ElementType.BF16, 1, features.Length, features.Width)]);
    writer.Begin("features");
    float[] row = new float[features.Width];
    for (int i = 0; i < features.Length; i++)
    {
        features.CopyRow(i, row);
        writer.Write(row);
    }

    writer.Complete();
}
