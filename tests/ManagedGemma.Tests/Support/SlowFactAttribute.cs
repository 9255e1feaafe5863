namespace ManagedGemma.Tests.Support;

/// <summary>A test that takes minutes or gigabytes; it runs when MANAGED_GEMMA_TEST_SLOW is 1, else it is skipped with the reason.</summary>
internal sealed class SlowFactAttribute : FactAttribute
{
    public SlowFactAttribute()
    {
        if (!TestFiles.RunSlow)
        {
            Skip = "slow: set MANAGED_GEMMA_TEST_SLOW=1 to run it";
        }
    }
}
