using System.Globalization;
using System.Reflection;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace ManagedGemma.Bench.Kernels;

/// <summary>A rate beside the time: what a benchmark says that one call does, by its mean.</summary>
internal sealed class RateColumn : IColumn
{
    public string Id => nameof(RateColumn);

    public string ColumnName => "Rate";

    public string Legend => "billions of multiply-accumulates, or of elements, a second";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        if (summary[benchmarkCase]?.ResultStatistics is not { } statistics)
        {
            return "?";
        }

        WorkAttribute work = benchmarkCase.Descriptor.WorkloadMethod.GetCustomAttribute<WorkAttribute>()!;
        int tokens = work.PerToken && benchmarkCase.Parameters.Items.FirstOrDefault(item => item.Name == nameof(Int4Benchmarks.Tokens))?.Value is int count ? count : 1;
        return (work.Amount * tokens / statistics.Mean).ToString("0.0", CultureInfo.InvariantCulture);
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public bool IsAvailable(Summary summary) => true;
}
