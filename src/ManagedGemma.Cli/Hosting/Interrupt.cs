using System.Runtime.InteropServices;

namespace ManagedGemma.Cli.Hosting;

/// <summary>
/// Ctrl-C and the signals that ask a process to end. The first one cancels; when the command has not ended shortly after (it
/// waits for a slow disk or a pipe) it is given up: what it registered is cleaned up and the process ends.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(800);

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Lock _gate = new();
    private Timer? _timer;
    private Action? _cleanUp;
    private Func<bool>? _intercept;

    public Interrupt()
    {
        PosixSignal[] signals = OperatingSystem.IsWindows()
            ? [PosixSignal.SIGINT, PosixSignal.SIGTERM]
            : [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
        _registrations = [.. signals.Select(x => PosixSignalRegistration.Create(x, OnSignal))];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What has to be done even if the command never comes back; it may run beside the command, on another thread.</summary>
    public void WhenGivenUp(Action cleanUp) => _cleanUp = cleanUp;

    /// <summary>Lets Ctrl-C end something smaller than the command; null: no longer.</summary>
    /// <param name="intercept">Called on another thread; whether there was something to end, else the signal means the command.</param>
    public void Intercept(Func<bool>? intercept) => _intercept = intercept;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        lock (_gate)
        {
            _timer?.Dispose();
        }

        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (context.Signal == PosixSignal.SIGINT && _intercept?.Invoke() == true)
        {
            return;
        }

        lock (_gate)
        {
            _timer ??= new Timer(_ => GiveUp(), null, Patience, Timeout.InfiniteTimeSpan);
        }

        _source.Cancel();
    }

    private void GiveUp()
    {
        try
        {
            _cleanUp?.Invoke();
        }
#pragma warning disable CA1031 // Whatever it is, the process ends now.
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        Environment.Exit(ExitCode.Interrupted);
    }
}
