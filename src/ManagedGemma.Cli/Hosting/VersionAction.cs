using System.CommandLine;
using System.CommandLine.Invocation;

namespace ManagedGemma.Cli.Hosting;

/// <summary>Prints the version alone; the default adds the commit.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(ToolVersion.Current);
        return ExitCode.Done;
    }
}
