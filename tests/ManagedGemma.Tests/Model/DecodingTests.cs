using ManagedGemma.Conditioning;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Model;

/// <summary>The real gemma-3-270m's 768-token prompt, cut into passes across its window of 512, against one pass of the whole.</summary>
public sealed class DecodingTests
{
    // What is promised is 10⁻⁵. In float32 every sum has one order, so there is no difference at all.
    [RealModelFact]
    public void A_sequence_that_crosses_its_window_step_by_step_has_the_states_of_one_pass()
    {
        using GemmaModel model = GemmaModel.Load(TestFiles.RealModel!);
        using Golden golden = new(Path.Combine(TestFiles.Goldens!, "gemma-3-270m", "long.safetensors"));
        int[] ids = golden.Ints("ids");
        Assert.Equal((768, 512), (ids.Length, model.Config.SlidingWindow));
        RunOptions options = new() { Precision = Precision.Float32 };
        HiddenStateCollector whole = new();
        model.Run(ids, whole, options);
        using SequenceCache sequence = model.NewSequence();
        int hidden = model.Config.HiddenSize;
        foreach (int count in new[] { 500, 1, 1, 8, 1, 1, 1, 1, 1, 1, 1, 240, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })
        {
            int done = sequence.Length;
            HiddenStateCollector states = new();
            model.Advance([sequence], [ids[done..(done + count)]], options, [states]);
            for (int state = 0; state < states.States.Count; state++)
            {
                Assert.InRange(Golden.RelativeL2(states.States[state], whole.States[state].AsSpan(done * hidden, count * hidden)), 0, 1e-5);
            }
        }

        Assert.Equal(ids.Length, sequence.Length);

        // Full layers keep everything; the others their window, a page at each end, one to step back and one to use again.
        (long all, long full) = model.CacheBytesPerToken;
        Assert.InRange(sequence.ByteLength, full * ids.Length, (full * ids.Length) + ((all - full) * (512 + (4 * KeyValues.PageTokens))));
    }
}
