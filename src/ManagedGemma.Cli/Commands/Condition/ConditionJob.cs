using ManagedGemma.Conditioning;
using ManagedGemma.Ltx;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>A conditioning as the command line asks for it.</summary>
internal sealed record ConditionJob : EncoderJob
{
    public required ConditionSettings Settings { get; init; }

    /// <summary>Opens the LTX checkpoint for the encoder; null where none was named.</summary>
    /// <exception cref="GemmaException">It is damaged, wants another encoder, or is not one for the format.</exception>
    public LtxTextConditioner? LoadConditioner(GemmaTextEncoder encoder)
    {
        if (Settings.LtxPath is not { } path)
        {
            return null;
        }

        LtxTextConditioner conditioner = LtxTextConditioner.Load(encoder, path);
        try
        {
            Settings.Format.Require(conditioner.Checkpoint);
            return conditioner;
        }
        catch
        {
            conditioner.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="GemmaException">The output is one of the encoder's files or the LTX checkpoint.</exception>
    public override void RefuseOwnFiles(GemmaTextEncoder encoder, string output)
    {
        base.RefuseOwnFiles(encoder, output);
        if (Settings.LtxPath is { } ltx && IsSameFile(ltx, output))
        {
            throw new GemmaException("the output is the LTX checkpoint", output);
        }
    }
}
