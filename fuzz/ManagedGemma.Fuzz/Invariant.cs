namespace ManagedGemma.Fuzz;

/// <summary>What must hold of everything that a parser lets through.</summary>
internal static class Invariant
{
    public static void Holds(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Violated: {what}.");
        }
    }
}
