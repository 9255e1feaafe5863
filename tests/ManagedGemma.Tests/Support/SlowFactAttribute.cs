namespace ManagedGemma.Tests.Support;

/// <summary>A test that takes minutes or gigabytes; it runs when MANAGED_GEMMA_TEST_SLOW is 1, else it is skipped with the reason.</summary>
internal class SlowFactAttribute : FactAttribute
{
    public SlowFactAttribute()
    {
        if (!TestFiles.RunSlow)
        {
            Skip = "slow: set MANAGED_GEMMA_TEST_SLOW=1 to run it";
        }
    }
}

/// <summary>A slow test that also needs goldens from outside the repository.</summary>
internal sealed class SlowGoldenFactAttribute : SlowFactAttribute
{
    public SlowGoldenFactAttribute()
    {
        if (TestFiles.Goldens is null)
        {
            Skip = "the goldens are not here: set MANAGED_GEMMA_TEST_GOLDENS to their directory";
        }
    }
}
