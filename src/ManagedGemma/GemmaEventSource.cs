using System.Diagnostics.Tracing;

namespace ManagedGemma;

/// <summary>
/// What the library tells about itself, under the name ManagedGemma: for EventListener, dotnet-trace and the like. Programs compiled ahead of
/// time have it with the property EventSourceSupport.
/// </summary>
[EventSource(Name = "ManagedGemma")]
internal sealed class GemmaEventSource : EventSource
{
    /// <summary>The one source.</summary>
    public static readonly GemmaEventSource Log = new();

    private GemmaEventSource()
    {
    }

    /// <summary>Once a process, when the program was compiled for less than the processor offers.</summary>
    [Event(1, Level = EventLevel.Warning, Message = "{0}")]
    public void SlowerThanTheMachine(string advice) => WriteEvent(1, advice);
}
