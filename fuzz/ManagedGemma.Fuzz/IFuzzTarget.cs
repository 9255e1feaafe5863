namespace ManagedGemma.Fuzz;

/// <summary>One parser of untrusted bytes. A bug shows as any exception that leaves <see cref="Run"/>.</summary>
internal interface IFuzzTarget
{
    /// <summary>The name on the command line and of the corpus's directory.</summary>
    string Name { get; }

    /// <summary>Parses bytes; what the parser refuses properly (a GemmaException) is caught here.</summary>
    void Run(ReadOnlySpan<byte> input);
}
