namespace ManagedGemma.Hub.Tests.Support;

/// <summary>An answer, and what goes wrong with it.</summary>
internal sealed record TestAnswer
{
    public int Status { get; init; } = 200;

    public List<(string Name, string Value)> Headers { get; init; } = [];

    public byte[] Body { get; init; } = [];

    /// <summary>The length that is claimed, if it is not the body's.</summary>
    public long? Length { get; init; }

    /// <summary>No length is claimed: the body ends with the connection.</summary>
    public bool HasNoLength { get; init; }

    /// <summary>The connection is reset after so many bytes.</summary>
    public int? CutAfter { get; init; }

    /// <summary>From that byte on the server waits first.</summary>
    public (int At, Task Until)? Hold { get; init; }

    /// <summary>Bytes that are sent at once.</summary>
    public int Piece { get; init; } = 1 << 14;

    /// <summary>The wait after each piece.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Nothing is ever answered.</summary>
    public bool Silent { get; init; }

    public static TestAnswer Error(int status, string? code = null, string? message = null)
    {
        TestAnswer answer = new() { Status = status, Body = "no"u8.ToArray() };
        if (code is not null)
        {
            answer.Headers.Add(("X-Error-Code", code));
        }

        if (message is not null)
        {
            answer.Headers.Add(("X-Error-Message", message));
        }

        return answer;
    }

    public static TestAnswer Redirect(string location, int status = 302) => new() { Status = status, Headers = [("Location", location)] };
}
