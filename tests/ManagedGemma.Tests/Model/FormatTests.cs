using ManagedGemma.Conditioning;
using ManagedGemma.Kernels;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Model;

/// <summary>The promises about bits for weights that are unpacked to float32, of several formats in one model.</summary>
public class FormatTests
{
    private static readonly int[] Ids = [2, .. Enumerable.Range(0, 60).Select(i => (i * 37 % 250) + 4)];

    public static TheoryData<string, Precision> Models()
    {
        TheoryData<string, Precision> models = [];
        foreach (string name in new[] { "mixed", "affine-b8-g64-part", "nvfp4", "dense-bf16" })
        {
            foreach (Precision precision in Enum.GetValues<Precision>())
            {
                models.Add(name, precision);
            }
        }

        return models;
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Prompts_in_one_pass_have_the_bits_that_they_get_alone(string name, Precision precision)
    {
        using GemmaModel model = GemmaModel.Load(ZooModel.Named(name).Path, new GemmaModelOptions { Threads = 3 });
        int[][] prompts = [[2, 77, 99], [2], Ids[..33], [2], Ids, [5]];
        HiddenStateCollector[] together = [.. prompts.Select(_ => new HiddenStateCollector())];
        model.RunBatch(prompts, together, new RunOptions { Precision = precision });
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(States(model, prompts[i], precision), Nasty.Bits([.. together[i].States.SelectMany(state => state)]));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_number_of_threads_and_any_instruction_set_gives_the_same_products(string name, Precision precision)
    {
        // Norms and softmax differ by instruction set in the last place, so the sets are compared closely and not by their bits.
        foreach (int[] ids in new[] { Ids, [2] })
        {
            int[]? first = null;
            foreach (int threads in new[] { 1, 2, 5 })
            {
                using GemmaModel model = GemmaModel.Load(ZooModel.Named(name).Path, new GemmaModelOptions { Threads = threads });
                int[] bits = States(model, ids, precision);
                first ??= bits;
                Assert.Equal(first, bits);
            }

            float[] best = [.. first!.Select(BitConverter.Int32BitsToSingle)];
            using GemmaModel scalar = GemmaModel.Load(ZooModel.Named(name).Path, new GemmaModelOptions { InstructionSet = InstructionSet.Scalar });
            float[] reference = [.. States(scalar, ids, precision).Select(BitConverter.Int32BitsToSingle)];
            Assert.InRange(Golden.RelativeL2(best, reference), 0, precision == Precision.Fast ? 1e-2 : 1e-4);
        }
    }

    [Theory]
    [InlineData("mixed")]
    [InlineData("mxfp8")]
    [InlineData("dense-f16")]
    public void A_sequence_that_grows_in_pieces_has_the_bits_of_the_whole_in_float32(string name)
    {
        using GemmaModel model = GemmaModel.Load(ZooModel.Named(name).Path);
        int hidden = model.Config.HiddenSize, done = 0;
        HiddenStateCollector whole = new();
        model.Run(Ids, whole, new RunOptions { Precision = Precision.Float32 });
        using SequenceCache sequence = model.NewSequence();
        foreach (int count in new[] { 31, 1, 2, 26, 1 })
        {
            HiddenStateCollector states = new();
            model.Advance([sequence], [Ids[done..(done + count)]], new RunOptions { Precision = Precision.Float32 }, [states]);
            for (int state = 0; state < states.States.Count; state++)
            {
                Assert.Equal(Nasty.Bits(whole.States[state].AsSpan(done * hidden, count * hidden)), Nasty.Bits(states.States[state]));
            }

            done += count;
        }
    }

    private static int[] States(GemmaModel model, int[] ids, Precision precision)
    {
        HiddenStateCollector states = new();
        model.Run(ids, states, new RunOptions { Precision = precision });
        return Nasty.Bits([.. states.States.SelectMany(state => state)]);
    }
}
