namespace ManagedGemma.Checkpoints;

/// <summary>Orders names with numbers in them as people count: layers.2 before layers.10. Everything else goes by code units.</summary>
public sealed class NaturalOrder : IComparer<string>
{
    /// <summary>The only one.</summary>
    public static NaturalOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> left = x, right = y;
        while (!left.IsEmpty && !right.IsEmpty)
        {
            int order;
            int leftDigits = Digits(left), rightDigits = Digits(right);
            if (leftDigits > 0 && rightDigits > 0)
            {
                ReadOnlySpan<char> leftNumber = left[..leftDigits].TrimStart('0'), rightNumber = right[..rightDigits].TrimStart('0');
                order = leftNumber.Length != rightNumber.Length ? leftNumber.Length - rightNumber.Length : leftNumber.SequenceCompareTo(rightNumber);
                left = left[leftDigits..];
                right = right[rightDigits..];
            }
            else
            {
                order = left[0] - right[0];
                left = left[1..];
                right = right[1..];
            }

            if (order != 0)
            {
                return order;
            }
        }

        int rest = left.Length - right.Length;
        return rest != 0 ? rest : string.CompareOrdinal(x, y);
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }
}
