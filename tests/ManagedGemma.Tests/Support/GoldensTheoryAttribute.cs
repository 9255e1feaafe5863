using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Support;

/// <summary>A theory over the fixtures beside the repository; without them it is skipped with the reason.</summary>
internal sealed class GoldensTheoryAttribute : TheoryAttribute
{
    public const string Reason = "the goldens are not here: set MANAGED_GEMMA_TEST_GOLDENS to their directory";

    public GoldensTheoryAttribute()
    {
        if (TestFiles.Goldens is null)
        {
            Skip = Reason;
        }
    }
}
