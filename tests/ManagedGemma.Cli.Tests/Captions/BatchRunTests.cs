using ManagedGemma.Cli.Commands.Batch;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Conditioning;

namespace ManagedGemma.Cli.Tests.Captions;

/// <summary>What batches have in common: failures of one are not the others'.</summary>
public sealed class BatchRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("a b c", "a b c", "abc")]
    [InlineData("a X c d", "a c d", "aXcd a X c d")]
    [InlineData("X", "", "X")]
    [InlineData("X a X b X", "a b", "XaXbX X a X b X")]
    [InlineData("X X a X X", "a", "XXaXX X X a X X")]
    public void What_fails_in_company_is_tried_alone(string prompts, string encoded, string passes)
    {
        (FakeRun run, string output) = Run(prompts);
        Assert.Equal(encoded, string.Join(' ', run.Encoded));
        Assert.Equal(passes, string.Join(' ', run.Passes));
        Assert.Equal(prompts.Split(' ').Length, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void A_prompt_that_was_done_before_another_failed_is_not_done_again()
    {
        (FakeRun run, _) = Run("a b Y c");
        Assert.Equal("a b c", string.Join(' ', run.Encoded));
        Assert.Equal("abYc Y c", string.Join(' ', run.Passes));
    }

    [Fact]
    public void Three_failures_in_a_row_are_not_the_prompts_and_end_the_run()
    {
        (FakeRun run, string output) = Run("a X X X b c");
        Assert.Equal("aXXXbc a X X X", string.Join(' ', run.Passes));
        Assert.Equal(4, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private (FakeRun Run, string Output) Run(string prompts)
    {
        using Interrupt interrupt = new();
        using StringWriter output = new();
        Host host = new()
        {
            Input = () => Stream.Null,
            IsInputRedirected = true,
            Out = output,
            IsOutTerminal = false,
            Error = TextWriter.Null,
            IsErrorTerminal = false,
        };
        FakeRun run = new(host, interrupt, _directory.Path, prompts.Split(' '));
        if (prompts.Any(x => x is 'X' or 'Y'))
        {
            Assert.Throws<GemmaException>(() => run.Run());
        }
        else
        {
            Assert.Equal(0, run.Run());
        }

        return (run, output.ToString());
    }

    // One pass of all. X fails before anything is written, Y when its turn comes.
    private sealed class FakeRun(Host host, Interrupt interrupt, string directory, string[] prompts)
        : BatchRun<MemoryStream>(host, interrupt, new Screen(host, true), "list", directory, true)
    {
        public List<string> Passes { get; } = [];

        public List<string> Encoded { get; } = [];

        protected override IEnumerable<BatchPrompt> Read() =>
            prompts.Select((x, i) => new BatchPrompt(new BatchLine(i + 1, $"{i}", new Prompt(x, null), null), $"{i}"));

        protected override MemoryStream Load() => new();

        protected override IEnumerable<List<BatchPrompt>> PassesOf(MemoryStream model, IEnumerable<BatchPrompt> prompts)
        {
            List<BatchPrompt> pass = [.. prompts];
            pass.ForEach(x => x.Tokens = new PromptTokens([2], 1));
            yield return pass;
        }

        protected override void RunPass(MemoryStream model, List<BatchPrompt> pass, BatchProgress progress)
        {
            Passes.Add(string.Concat(pass.Select(x => x.Line.Prompt!.Text)));
            FailOn(pass.Any(x => x.Line.Prompt!.Text == "X"));
            foreach (BatchPrompt prompt in pass)
            {
                FailOn(prompt.Line.Prompt!.Text == "Y");
                Encoded.Add(prompt.Line.Prompt.Text!);
                prompt.Finish(1, 1, 1);
            }
        }

        protected override IEnumerable<(string Name, string Value)> Summary(MemoryStream model, TimeSpan load) => [];

        private static void FailOn(bool fails)
        {
            if (fails)
            {
                throw new GemmaException("it fails");
            }
        }
    }
}
