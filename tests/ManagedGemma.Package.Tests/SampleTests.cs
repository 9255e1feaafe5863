using System.Diagnostics;
using System.Net;
using ManagedGemma.Checkpoints;
using ManagedGemma.Conditioning;
using ManagedGemma.Package.Tests.Support;

namespace ManagedGemma.Package.Tests;

/// <summary>The README's programs, run on the demo: their features are those of the library.</summary>
public class SampleTests
{
    private static readonly EncodeOptions Unpadded = new() { Padding = Padding.None };

    [Fact]
    public void The_console_app_writes_a_prompts_features()
    {
        using TemporaryDirectory directory = new();
        Run run = Run.In(directory.Path, Run.DotNet, Built("ConsoleApp"), "A red fox", "fox.safetensors").Succeeds();
        Assert.StartsWith("token ids: 2 ", run.Out, StringComparison.Ordinal);
        using SafetensorsFile file = SafetensorsFile.Open(directory["fox.safetensors"]);
        Assert.Equal(Expected("A red fox"), file.Tensor("features").ToSingles());
    }

    [Fact]
    public void The_batch_job_goes_on_where_it_was()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllLines(directory["prompts.txt"], ["A red fox", "", "Snow", "A quiet sea"]);
        string[] args = [Built("BatchJob"), "prompts.txt", "features"];
        Run.In(directory.Path, Run.DotNet, args).Succeeds();
        Assert.Equal(["000001.safetensors", "000003.safetensors", "000004.safetensors"], Names());
        byte[] first = File.ReadAllBytes(directory["features/000003.safetensors"]);
        File.Delete(directory["features/000003.safetensors"]);
        Assert.Equal("1 of 1\n", Run.In(directory.Path, Run.DotNet, args).Succeeds().Out.ReplaceLineEndings("\n"));
        Assert.Equal(first, File.ReadAllBytes(directory["features/000003.safetensors"]));
        using SafetensorsFile file = SafetensorsFile.Open(directory["features/000004.safetensors"]);
        float[] expected = Expected("A quiet sea"), found = file.Tensor("features").ToSingles();
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= Math.Abs(pair.First) / 256)); // BF16: half of 2^-7

        IEnumerable<string> Names() => Directory.EnumerateFiles(directory["features"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void The_batch_job_says_what_is_wrong()
    {
        using TemporaryDirectory directory = new();
        Assert.Equal(2, Run.In(directory.Path, Run.DotNet, Built("BatchJob")).Code);
        Run run = Run.In(directory.Path, Run.DotNet, Built("BatchJob"), "none.txt", "features");
        Assert.Equal(1, run.Code);
        Assert.Contains("none.txt", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_endpoint_answers_with_features()
    {
        using TemporaryDirectory directory = new();
        using Process server = Run.Start(directory.Path, Run.DotNet, Built("WebApi"), "--urls", "http://127.0.0.1:0");
        try
        {
            using HttpClient client = new() { BaseAddress = await Address(server), Timeout = TimeSpan.FromMinutes(2) };
            using StringContent prompt = new("A red fox");
            using HttpResponseMessage response = await client.PostAsync("features", prompt);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            byte[] body = await response.Content.ReadAsByteArrayAsync();
            float[] expected = Expected("A red fox");
            Assert.Equal(expected, body.Chunk(sizeof(float)).Select(value => BitConverter.ToSingle(value)));
            int[] shape = [.. response.Headers.GetValues("X-Shape").Single().Split(',').Select(int.Parse)];
            Assert.Equal(expected.Length, shape[0] * shape[1]);

            // Several at once, each its own.
            string[] prompts = ["Snow", "A quiet sea", "Rain over a city at night"];
            byte[][] bodies = await Task.WhenAll(prompts.Select(async text =>
            {
                using StringContent content = new(text);
                using HttpResponseMessage answer = await client.PostAsync("features", content);
                return await answer.Content.ReadAsByteArrayAsync();
            }));
            Assert.Equal(prompts.Select(Expected), bodies.Select(bytes => bytes.Chunk(sizeof(float)).Select(value => BitConverter.ToSingle(value)).ToArray()));
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    private static string Built(string sample) => Path.Combine(AppContext.BaseDirectory, sample + ".dll");

    // Kernels of the children's instruction set: float32 sums in another order would be other bits.
    private static float[] Expected(string prompt)
    {
        using GemmaTextEncoder encoder = GemmaTextEncoder.LoadDemo(new() { InstructionSet = Kernels.InstructionSet.AvxVnni });
        return encoder.Encode(prompt, Unpadded).ToArray();
    }

    private static async Task<Uri> Address(Process server)
    {
        const string Sign = "Now listening on: ";
        while (await server.StandardOutput.ReadLineAsync() is { } line)
        {
            int at = line.IndexOf(Sign, StringComparison.Ordinal);
            if (at >= 0)
            {
                // Whatever it says later must not fill the pipe.
                _ = server.StandardOutput.ReadToEndAsync();
                return new Uri(line[(at + Sign.Length)..].Trim());
            }
        }

        throw new InvalidOperationException($"the server ended: {await server.StandardError.ReadToEndAsync()}");
    }
}
