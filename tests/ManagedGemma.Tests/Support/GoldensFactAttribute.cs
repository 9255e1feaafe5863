using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.Support;

/// <summary>A test with the fixtures beside the repository; without them it is skipped with the reason.</summary>
internal sealed class GoldensFactAttribute : FactAttribute
{
    public GoldensFactAttribute()
    {
        if (TestFiles.Goldens is null)
        {
            Skip = GoldensTheoryAttribute.Reason;
        }
    }
}
