using ManagedGemma.Tests.Support;

namespace ManagedGemma.Package.Tests.Support;

/// <summary>As <see cref="SlowFactAttribute"/>, for several cases.</summary>
internal sealed class SlowTheoryAttribute : TheoryAttribute
{
    public SlowTheoryAttribute() => Skip = new SlowFactAttribute().Skip;
}
