using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Tests.Projection;

public class ProjectionBatchTests
{
    // Blocks cut the sums in other places: both are within the golden's tolerance of the truth.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(12)]
    [InlineData(13)]
    public void States_may_come_in_blocks_of_any_size(int blockStates)
    {
        foreach (string version in LtxFixture.Versions)
        {
            using Golden golden = new(LtxFixture.File(version, "case-c"));
            using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint(version));
            using WorkerTeam team = new(2);
            float[][] states = LtxFixture.ValidStates(version, "c");
            LtxProjection projection = LtxFixture.Project(
                checkpoint, states, LtxFixture.Hidden(version), 256, KernelTable.ForMachine(), team, (long)blockStates * states[0].Length * sizeof(float));
            int skipped = (projection.Length - projection.TokenCount) * projection.Video.Width;
            Assert.InRange(Golden.RelativeL2(projection.Video.Values.Span, golden.Floats("video_projected").AsSpan(skipped)), 0, 2e-6);
        }
    }

    [Theory]
    [InlineData(0, float.NaN, "hidden state 0 (embeddings)")]
    [InlineData(5, float.PositiveInfinity, "hidden state 5 (output of layer 4)")]
    [InlineData(12, float.NegativeInfinity, "hidden state 12 (final norm)")]
    public void What_is_not_a_number_names_its_layer(int state, float value, string name)
    {
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint("v23"));
        using WorkerTeam team = new(1);
        float[][] states = LtxFixture.ValidStates("v23", "a");
        states[state][^1] = value;
        GemmaException exception = Assert.Throws<GemmaException>(
            () => LtxFixture.Project(checkpoint, states, 128, 128, KernelTable.ForMachine(), team));
        Assert.Equal(("encoder", name), (exception.FilePath, exception.Subject));
    }
}
