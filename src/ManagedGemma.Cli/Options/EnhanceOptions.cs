using System.CommandLine;
using ManagedGemma.Caching;
using ManagedGemma.Cli.Commands.Enhance;
using ManagedGemma.Generation.Enhancement;

namespace ManagedGemma.Cli.Options;

/// <summary><c>--enhance</c> and what goes with it, for commands that encode prompts.</summary>
internal sealed class EnhanceOptions
{
    private readonly Option<bool> _enhance = new("--enhance")
    {
        Description = "Let the model write a full prompt from the short one first, as managed-gemma enhance does.",
    };

    private readonly SystemOption _system = new("--enhance-system", "With --enhance: a file with instructions. Default: this program's own, for text-to-video.");
    private readonly SeedOption _seed = new("--enhance-seed", PromptEnhancer.DefaultOptions.Seed);

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_enhance);
        command.Add(_system);
        command.Add(_seed);
    }

    /// <summary>What was asked for; null: prompts stay as they are.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="cache">Answers of earlier runs; null: none.</param>
    /// <exception cref="UsageException">An option that means nothing without <c>--enhance</c>.</exception>
    /// <exception cref="GemmaException">The file with instructions cannot be read.</exception>
    public EnhanceSettings? In(ParseResult parse, ResultCache? cache)
    {
        if (parse.GetValue(_enhance))
        {
            return new EnhanceSettings(_system.Read(parse), parse.GetValue(_seed)!.Value, cache);
        }

        Option? lone = new Option[] { _system, _seed }.FirstOrDefault(x => parse.GetResult(x) is { Implicit: false });
        return lone is null ? null : throw new UsageException($"{lone.Name} goes with --enhance");
    }
}
