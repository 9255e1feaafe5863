using ManagedGemma.Conditioning;
using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Tests.Support;
using ManagedGemma.Tests.Support;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Tests;

/// <summary>
/// Against ltx-core in float64. Tolerances are meta.json's for a float32 implementation: two to ten times what torch's own float32 run
/// leaves on the same cases.
/// </summary>
public class GoldenTests
{
    private const double Features = 1e-6, Projected = 2e-6, Context = 3e-6;

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string version in LtxFixture.Versions)
            {
                foreach (string name in (ReadOnlySpan<string>)["a", "b", "c"])
                {
                    cases.Add(version, name);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Features_are_the_originals(string version, string name)
    {
        using Golden golden = new(LtxFixture.File(version, $"case-{name}"));
        string key = version == "v20" ? "features_v1" : "features_v2";
        float[][] states = LtxFixture.ValidStates(version, name);
        int hidden = LtxFixture.Hidden(version), tokens = states[0].Length / hidden, length = golden.Ints("attention_mask").Length;
        Assert.Equal(tokens, golden.Ints("attention_mask").Sum());
        foreach (KernelTable kernels in Nasty.Tables)
        {
            FeatureSink sink = new(kernels, version == "v20" ? FeatureVersion.V1 : FeatureVersion.V2, 1e-6f);
            LtxFixture.Feed(sink, states, hidden);
            int[] rows = golden.Ints(key + "_rows");
            float[] actual = new float[rows.Length * sink.Width];
            for (int i = 0; i < rows.Length; i++)
            {
                if (rows[i] >= length - tokens)
                {
                    sink.CopyRow(rows[i] - (length - tokens), actual.AsSpan(i * sink.Width, sink.Width));
                }
            }

            Assert.InRange(Golden.RelativeL2(actual, golden.Floats(key)), 0, Features);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Projected_rows_and_contexts_are_the_originals(string version, string name)
    {
        using Golden golden = new(LtxFixture.File(version, $"case-{name}"));
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint(version));
        Assert.Equal(version == "v20" ? FeatureVersion.V1 : FeatureVersion.V2, checkpoint.Config.Features);
        float[][] states = LtxFixture.ValidStates(version, name);
        int[] mask = golden.Ints("attention_mask");
        using WorkerTeam team = new(2);
        foreach (KernelTable kernels in Nasty.Tables)
        {
            LtxProjection projection = LtxFixture.Project(checkpoint, states, LtxFixture.Hidden(version), mask.Length, kernels, team);
            Assert.Equal(mask, projection.AttentionMask());
            AssertPadded(golden, "video_projected", projection, projection.Video.Width, projection.CopyVideoRow);
            AssertPadded(golden, version == "v20" ? "video_projected" : "audio_projected", projection, projection.Audio.Width, projection.CopyAudioRow);

            EmbeddingRows video = LtxFixture.Connect(checkpoint, checkpoint.Video, projection.Video, mask.Length, kernels, team);
            EmbeddingRows audio = LtxFixture.Connect(checkpoint, checkpoint.Audio, projection.Audio, mask.Length, kernels, team);
            Assert.InRange(Golden.RelativeL2(video.Values.Span, golden.Floats("video_context")), 0, Context);
            Assert.InRange(Golden.RelativeL2(audio.Values.Span, golden.Floats("audio_context")), 0, Context);
        }
    }

    // Valid rows by the tolerance; rows of padding are the bias, or zero, to the bit.
    private static void AssertPadded(Golden golden, string key, LtxProjection projection, int width, Copy copyRow)
    {
        float[] expected = golden.Floats(key);
        float[] actual = new float[projection.Length * width];
        for (int row = 0; row < projection.Length; row++)
        {
            copyRow(row, actual.AsSpan(row * width, width));
        }

        int firstToken = (projection.Length - projection.TokenCount) * width;
        Assert.Equal(expected[..firstToken], actual[..firstToken]);
        Assert.InRange(Golden.RelativeL2(actual.AsSpan(firstToken), expected.AsSpan(firstToken)), 0, Projected);
    }

    private delegate void Copy(int row, Span<float> destination);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Bits_depend_neither_on_threads_nor_on_the_side_of_the_padding(string version, string name)
    {
        using LtxCheckpoint checkpoint = LtxCheckpoint.Open(LtxFixture.Checkpoint(version));
        float[][] states = LtxFixture.ValidStates(version, name);
        int hidden = LtxFixture.Hidden(version), length = name == "c" ? 256 : 128;
        KernelTable kernels = KernelTable.ForMachine();
        float[]? projected = null, context = null;
        foreach (int threads in (ReadOnlySpan<int>)[1, 2, 5])
        {
            using WorkerTeam team = new(threads);
            LtxProjection projection = LtxFixture.Project(checkpoint, states, hidden, length, kernels, team);
            EmbeddingRows video = LtxFixture.Connect(checkpoint, checkpoint.Video, projection.Video, length, kernels, team);
            projected ??= projection.Video.Values.ToArray();
            context ??= video.Values.ToArray();
            Assert.Equal(Nasty.Bits(projected), Nasty.Bits(projection.Video.Values.Span));
            Assert.Equal(Nasty.Bits(context), Nasty.Bits(video.Values.Span));
            Assert.Equal(Nasty.Bits(context), Nasty.Bits(RightPadded(projection, checkpoint, kernels, team)));
        }
    }

    // The prompt's rows first, then rows of sevens that the mask denies.
    private static ReadOnlySpan<float> RightPadded(LtxProjection projection, LtxCheckpoint checkpoint, KernelTable kernels, WorkerTeam team)
    {
        int width = projection.Video.Width;
        float[] padded = new float[projection.Length * width];
        padded.AsSpan().Fill(7);
        projection.Video.Values.Span.CopyTo(padded);
        int[] mask = [.. Enumerable.Range(0, projection.Length).Select(row => row < projection.TokenCount ? 1 : 0)];
        EmbeddingRows rows = new(projection.Length, width, padded);
        LtxProjection right = LtxProjection.FromPadded(rows, rows, mask);
        return LtxFixture.Connect(checkpoint, checkpoint.Video, right.Video, right.Length, kernels, team).Values.Span;
    }
}
