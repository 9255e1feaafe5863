using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Ltx;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>How far a pass over several captions is: the encoder for all of them, then the connectors of one after the other.</summary>
internal sealed class PassProgress(BatchProgress progress, GemmaConfig encoder, LtxConfig? connectors, int[] tokens, int length) : IProgress<LtxProgress>
{
    private readonly ConditioningProgress _all = new(encoder, connectors, tokens.Sum(), length, tokens.Length);
    private int _connected;

    /// <inheritdoc/>
    public void Report(LtxProgress value)
    {
        WorkProgress work = _all.Read(value, _connected);
        if (value is { Stage: LtxStage.AudioConnector } && value.Done == value.Total)
        {
            _connected++;
        }

        progress.Report(work.Done / work.Total);
    }
}
