using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Ltx;

namespace ManagedGemma.Cli.Commands.Condition;

/// <summary>Weighs the parts of a conditioning by their multiplications, so that one bar and one time left serve for all.</summary>
internal sealed class ConditioningProgress
{
    // A connector's block: q, k, v and o, and a feed-forward four times as wide.
    private const int MatricesOfBlock = 12;

    private readonly double _layer;
    private readonly int _layers;
    private readonly int _prompts;
    private readonly (double Block, int Blocks) _video;
    private readonly (double Block, int Blocks) _audio;

    /// <summary>For prompts that share a pass of the encoder; the connectors then run for one after the other.</summary>
    /// <param name="encoder">The encoder's sizes.</param>
    /// <param name="ltx">The connectors' sizes; null where they do not run.</param>
    /// <param name="tokens">Tokens of all prompts.</param>
    /// <param name="length">Slots of a context.</param>
    /// <param name="prompts">The number of prompts.</param>
    public ConditioningProgress(GemmaConfig encoder, LtxConfig? ltx, int tokens, int length, int prompts)
    {
        double weights = (double)encoder.HiddenSize
            * ((2 * encoder.HeadDim * (encoder.HeadCount + encoder.KeyValueHeadCount)) + (3 * (double)encoder.IntermediateSize));
        _layer = tokens * weights;
        _layers = encoder.LayerCount;
        _prompts = prompts;
        _video = Connector(ltx?.Video, length);
        _audio = Connector(ltx?.Audio, length);
    }

    /// <summary>Before anything is reported.</summary>
    public WorkProgress Start => Read(new LtxProgress(LtxStage.Encoder, 0, _layers));

    /// <summary>How far a report is.</summary>
    /// <param name="progress">The report.</param>
    /// <param name="connected">Prompts whose connectors have run.</param>
    public WorkProgress Read(LtxProgress progress, int connected = 0)
    {
        double video = _video.Block * _video.Blocks, prompt = video + (_audio.Block * _audio.Blocks);
        double encoder = (_layer * _layers) + (connected * prompt), total = (_layer * _layers) + (_prompts * prompt);
        double done = progress.Stage switch
        {
            LtxStage.Encoder => _layer * progress.Done,
            LtxStage.VideoConnector => encoder + (_video.Block * progress.Done),
            _ => encoder + video + (_audio.Block * progress.Done),
        };
        string part = progress.Stage switch
        {
            LtxStage.Encoder => "layer",
            LtxStage.VideoConnector => "video connector, block",
            _ => "audio connector, block",
        };
        return new WorkProgress(done, total, $"{part} {Math.Min(progress.Done + 1, progress.Total)}/{progress.Total}");
    }

    private static (double Block, int Blocks) Connector(LtxConnectorConfig? sizes, int length) =>
        sizes is null ? (0, 0) : ((double)length * MatricesOfBlock * sizes.Width * sizes.Width, sizes.LayerCount);
}
