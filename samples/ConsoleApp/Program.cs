// A console app: a prompt in, its features out.
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;

string prompt = args.Length > 0 ? args[0] : "A red fox runs through fresh snow.";
string output = args.Length > 1 ? args[1] : "features.safetensors";

// The model that MANAGED_GEMMA_MODEL names or the Hugging Face cache holds; without one, a tiny demo with random weights.
using GemmaTextEncoder encoder = GemmaTextEncoder.TryLoadDefault(out GemmaTextEncoder? found) ? found : GemmaTextEncoder.LoadDemo();
if (encoder.Model.Advice is { } advice)
{
    Console.Error.WriteLine(advice);
}

EncodeOptions options = new() { Padding = Padding.None };
PromptTokens tokens = encoder.Tokenize(prompt, options);
Console.WriteLine($"token ids: {string.Join(' ', tokens.Ids)}");

PromptFeatures features = encoder.Encode(tokens, options);
using SafetensorsWriter writer = SafetensorsWriter.Create(
    output, [new SafetensorsSpec("features", ElementType.F32, 1, features.Length, features.Width)]);
writer.Begin("features");
float[] row = new float[features.Width];
for (int i = 0; i < features.Length; i++)
{
    features.CopyRow(i, row);
    writer.Write(row);
}

writer.Complete(); // The file appears now, whole.
Console.WriteLine($"{output}: {features.Length} x {features.Width}");
