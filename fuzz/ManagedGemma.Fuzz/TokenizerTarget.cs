using ManagedGemma.Tokenization;

namespace ManagedGemma.Fuzz;

/// <summary>A tokenizer.json. What loads must make ids that have pieces, and text of them again.</summary>
internal sealed class TokenizerTarget : IFuzzTarget
{
    public string Name => "tokenizer";

    public void Run(ReadOnlySpan<byte> input)
    {
        GemmaTokenizer tokenizer;
        try
        {
            tokenizer = GemmaTokenizer.Parse(input, Name);
        }
        catch (GemmaException)
        {
            return;
        }

        int[] ids = tokenizer.EncodePrompt("a fox, ab <bos>aab \ud83e\udd8a\ud800\n");
        Invariant.Holds(ids.Length > 0 && ids[0] == tokenizer.BosId, "the prompt begins with BOS");
        foreach (int id in ids)
        {
            Invariant.Holds(tokenizer.PieceOf(id) is not null, "an id has a piece");
        }

        tokenizer.Decode(ids, keepSpecialTokens: true);
    }
}
