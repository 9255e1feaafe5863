using ManagedGemma.Ltx.Formats;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Ltx.Tests.Support;

/// <summary>Files that the formats' own programs wrote (<c>tests/fixtures/ltx/formats</c>), and results made for tests.</summary>
internal static class FormatSamples
{
    /// <summary>A sample's path.</summary>
    public static string Path(string name) => System.IO.Path.Combine(TestFiles.Fixtures, "ltx", "formats", name);

    /// <summary>A result with all parts: three states of 8 channels.</summary>
    public static ConditioningResult Result(int length, int tokens, int videoWidth, int audioWidth, string? prompt = null)
    {
        LtxProjection projection = new(
            Rows(1, tokens, videoWidth), Rows(2, tokens, audioWidth), Nasty.Uniform(3, videoWidth), Nasty.Uniform(4, audioWidth), length, []);
        StackedStates states = new("encoder");
        LtxFixture.Feed(states, [.. Enumerable.Range(5, 3).Select(seed => Nasty.Uniform(seed, tokens * 8))], 8);
        return new ConditioningResult
        {
            Length = length,
            TokenCount = tokens,
            Prompt = prompt,
            HiddenStates = states,
            Projection = projection,
            Context = new LtxConditioning(Rows(8, length, videoWidth), Rows(9, length, audioWidth), projection),
        };
    }

    /// <summary>A format's bytes.</summary>
    public static byte[] Write(ConditioningFormat format, ConditioningResult result)
    {
        using MemoryStream stream = new();
        format.Write(stream, result);
        return stream.ToArray();
    }

    private static EmbeddingRows Rows(int seed, int count, int width) => new(count, width, Nasty.Uniform(seed, count * width));
}
