using System.CommandLine;
using ManagedGemma.Checkpoints;
using ManagedGemma.Cli.Hosting;
using ManagedGemma.Cli.Input;
using ManagedGemma.Cli.Options;
using ManagedGemma.Cli.Output;
using ManagedGemma.Cli.Terminal;
using ManagedGemma.Model;

namespace ManagedGemma.Cli.Commands;

/// <summary><c>inspect</c>: what a checkpoint holds, and what would run it. Only headers and norms are read.</summary>
internal sealed class InspectCommand : Command
{
    private readonly ModelOption _model = new();
    private readonly Option<bool> _tensors = new("--tensors") { Description = "List all tensors." };
    private readonly CountOption _threads = CommonOptions.Threads("As for encode.");
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object." };
    private readonly Option<bool> _quiet = CommonOptions.Quiet();

    public InspectCommand(Host host)
        : base("inspect", "Show what a model consists of and what would run it.")
    {
        foreach (Option option in new Option[] { _model, _tensors, _threads, _json, _quiet })
        {
            Add(option);
        }

        SetAction(parse => Run(parse, host));
    }

    private int Run(ParseResult parse, Host host)
    {
        ModelSource source = _model.Find(parse);
        GemmaCheckpoint checkpoint = source.Open();
        InspectReport report;
        try
        {
            if (checkpoint.IsDemo)
            {
                DemoNotice.ForWeights(new Screen(host, parse.GetValue(_quiet)));
            }

            report = Describe(source, checkpoint, parse.GetValue(_tensors));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }

        GemmaException? problem = null;
        try
        {
            // Takes the checkpoint over, also when it refuses it.
            using GemmaModel model = new(checkpoint, new GemmaModelOptions { Threads = parse.GetValue(_threads) });
            if (model.Advice is { } advice)
            {
                new Screen(host, parse.GetValue(_quiet)).Warn(advice);
            }

            report = report with { Engine = Describe(model) };
        }
        catch (GemmaException exception)
        {
            problem = exception;
            report = report with { Problem = exception.Message };
        }

        if (parse.GetValue(_json))
        {
            ReportJson.Print(host.Out, report, ReportJson.Default.InspectReport);
        }
        else
        {
            SectionWriter.ToOut(host, InspectSections.Of(report));
        }

        host.Out.Flush();
        return problem is null ? ExitCode.Done : throw problem;
    }

    private static InspectReport Describe(ModelSource source, GemmaCheckpoint checkpoint, bool withTensors)
    {
        CheckpointSummary summary = new(checkpoint);
        return new InspectReport
        {
            Model = source.Name,
            ModelOrigin = source.OriginText,
            Location = checkpoint.Location,
            IsDemo = checkpoint.IsDemo,
            ConfigOrigin = checkpoint.ConfigOrigin,
            Config = Describe(checkpoint.Config),
            Parameters = summary.Parameters,
            Files = [.. checkpoint.Files.Select(x => new InspectFile(x, checkpoint.IsDemo ? checkpoint.TotalBytes : new FileInfo(x).Length))],
            Tokenizer = checkpoint.TokenizerPath ?? checkpoint.EmbeddedTokenizer,
            TensorCount = checkpoint.Tensors.Count,
            TensorBytes = checkpoint.TotalBytes,
            Parts = [.. summary.Parts.Select(x => new InspectPart(x.Part.Name(), x.Tensors, x.Parameters, x.Bytes))],
            Quantization = new InspectQuantization(summary.Schemes, summary.ScaleTypes, summary.DenseModules),
            Tensors = withTensors
                ? [.. checkpoint.Tensors
                    .OrderBy(x => x.Name, NaturalOrder.Instance)
                    .Select(x => new InspectTensor(x.Name, x.TypeName, x.WeightShape, x.ByteLength))]
                : null,
            Engine = null,
            Problem = null,
        };
    }

    private static InspectConfig Describe(GemmaConfig config) => new(
        config.ModelType,
        config.HiddenSize,
        config.LayerCount,
        config.IntermediateSize,
        config.HeadCount,
        config.KeyValueHeadCount,
        config.HeadDim,
        config.SlidingWindow,
        [.. config.FullAttention.Index().Where(x => x.Item).Select(x => x.Index)],
        config.RopeThetaFull,
        config.RopeFactorFull,
        config.RopeThetaSliding,
        config.RopeFactorSliding,
        config.RmsNormEps,
        config.QueryPreAttnScalar,
        config.MaxPositionEmbeddings);

    private static InspectEngine Describe(GemmaModel model) => new(
        model.Threads,
        model.VocabularySize,
        model.Kernels.Max(x => x.InstructionSet).ToString().ToLowerInvariant(),
        [.. MatrixGroups.Of(model)],
        [.. model.Kernels.Select(x => new InspectKernel(x.Operation, x.Kernel, x.InstructionSet.ToString().ToLowerInvariant()))]);
}
