namespace ManagedGemma.Tests.Support;

/// <summary>A test that needs the real gemma-3-270m; without it the test is skipped with the reason.</summary>
internal sealed class RealModelFactAttribute : FactAttribute
{
    public const string Reason = "the real model is not here: set MANAGED_GEMMA_TEST_MODEL to a directory with gemma-3-270m in MLX's 4-bit layout";

    public RealModelFactAttribute()
    {
        if (TestFiles.RealModel is null)
        {
            Skip = Reason;
        }
    }
}

/// <summary>A theory that needs the real gemma-3-270m; without it the test is skipped with the reason.</summary>
internal sealed class RealModelTheoryAttribute : TheoryAttribute
{
    public RealModelTheoryAttribute()
    {
        if (TestFiles.RealModel is null)
        {
            Skip = RealModelFactAttribute.Reason;
        }
    }
}
