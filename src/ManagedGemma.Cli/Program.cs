using ManagedGemma.Cli;
using ManagedGemma.Cli.Hosting;

return CommandLine.Run(args, Host.System());
