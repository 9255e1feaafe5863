namespace ManagedGemma.Tests.Comparison;

/// <summary>The statistics by their definitions, in plain loops over rows of one matrix.</summary>
internal sealed class PlainDifference
{
    public PlainDifference(double[] a, double[] b, int channels)
    {
        int rows = channels == 0 ? 0 : a.Length / channels;
        (RowErrors, RowReferences) = (new double[rows], new double[rows]);
        (ChannelErrors, ChannelReferences) = (new double[channels], new double[channels]);
        for (int i = 0; i < a.Length; i++)
        {
            if (!double.IsFinite(a[i]) || !double.IsFinite(b[i]))
            {
                EqualNaNs += double.IsNaN(a[i]) && double.IsNaN(b[i]) ? 1 : 0;
                EqualInfinities += a[i] == b[i] ? 1 : 0;
                NonFiniteDifferences += a[i].Equals(b[i]) ? 0 : 1;
                continue;
            }

            Compared++;
            double difference = a[i] - b[i];
            MaxAbs = Math.Max(MaxAbs, Math.Abs(difference));
            RowErrors[i / channels] += difference * difference;
            RowReferences[i / channels] += b[i] * b[i];
            ChannelErrors[i % channels] += difference * difference;
            ChannelReferences[i % channels] += b[i] * b[i];
            Left += a[i] * a[i];
            Product += a[i] * b[i];
        }
    }

    public long Compared { get; }

    public long EqualNaNs { get; }

    public long EqualInfinities { get; }

    public long NonFiniteDifferences { get; }

    public double MaxAbs { get; }

    public double[] RowErrors { get; }

    public double[] RowReferences { get; }

    public double[] ChannelErrors { get; }

    public double[] ChannelReferences { get; }

    public double Left { get; }

    public double Product { get; }

    public double Error => RowErrors.Sum();

    public double Reference => RowReferences.Sum();

    public double RelativeL2 => Ratio(Error, Reference);

    public double? Cosine => Left == 0 || Reference == 0 ? null : Product / Math.Sqrt(Left) / Math.Sqrt(Reference);

    public static double Ratio(double error, double reference) => error == 0 ? 0 : Math.Sqrt(error / reference);
}
