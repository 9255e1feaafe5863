using System.Diagnostics;
using ManagedGemma.Cli.Tests.Support;
using ManagedGemma.Hub.Transfer;

namespace ManagedGemma.Hub.Tests;

/// <summary>One holder at a time, other programs included.</summary>
public sealed class BlobLockTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string LockFile => _directory["locks/model/a.lock"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_second_waits_for_the_first()
    {
        int told = 0;
        Task<BlobLock> second;
        using (await TakeAsync(() => told++))
        {
            second = TakeAsync(() => told++);
            await Task.Delay(400);
            Assert.False(second.IsCompleted);
            Assert.Equal(1, told);
        }

        using BlobLock taken = await second.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, told);
        Assert.True(File.Exists(LockFile));
    }

    [Fact]
    public async Task Waiting_can_be_cancelled()
    {
        using BlobLock first = await TakeAsync(() => { });
        using CancellationTokenSource cancellation = new(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => BlobLock.AcquireAsync(LockFile, TimeProvider.System, () => { }, cancellation.Token));
    }

    [Fact]
    public async Task A_flock_as_huggingface_hub_takes_it_is_waited_for()
    {
        if (!File.Exists("/usr/bin/flock"))
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(LockFile)!);
        using Process holder = Process.Start(new ProcessStartInfo("/usr/bin/flock", [LockFile, "-c", "echo held; read line"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
        TaskCompletionSource told = new();
        Task<BlobLock> wait = TakeAsync(told.SetResult);
        await told.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(wait.IsCompleted);
        await holder.StandardInput.WriteLineAsync();
        using BlobLock taken = await wait.WaitAsync(TimeSpan.FromSeconds(30));

        // And the other way round.
        using Process refused = Process.Start("/usr/bin/flock", ["--nonblock", LockFile, "true"]);
        await refused.WaitForExitAsync();
        Assert.Equal(1, refused.ExitCode);
    }

    [Fact]
    public async Task A_lock_file_that_cannot_be_is_told()
    {
        File.WriteAllText(_directory["locks"], string.Empty);
        await Assert.ThrowsAsync<GemmaException>(() => TakeAsync(() => { }));
    }

    private Task<BlobLock> TakeAsync(Action whenHeld) => BlobLock.AcquireAsync(LockFile, TimeProvider.System, whenHeld, CancellationToken.None);
}
