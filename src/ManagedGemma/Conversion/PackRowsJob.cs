using ManagedGemma.Checkpoints;
using ManagedGemma.Model;
using ManagedGemma.Threading;

namespace ManagedGemma.Conversion;

/// <summary>Packs neighbouring rows of a matrix, some a task. Each row's place in the outputs depends on its index alone.</summary>
internal unsafe struct PackRowsJob : IJob
{
    /// <summary>Rows a task: enough that taking one costs nothing, few enough that threads end together.</summary>
    public const int RowsPerTask = 8;

    /// <summary>The source.</summary>
    public required WeightRows Rows { get; init; }

    /// <summary>What packs.</summary>
    public required IRowQuantizer Quantizer { get; init; }

    /// <summary>What a weight is rounded to before.</summary>
    public required ElementType Type { get; init; }

    /// <summary>Weights of a row.</summary>
    public required int Columns { get; init; }

    /// <summary>The first row.</summary>
    public required long First { get; init; }

    /// <summary>How many rows.</summary>
    public required int Count { get; init; }

    /// <summary>Takes the codes of the rows, from the first on.</summary>
    public required byte* Words { get; init; }

    /// <summary>Bytes of a row's codes.</summary>
    public required int WordBytes { get; init; }

    /// <summary>Takes the scales of the rows, from the first on.</summary>
    public required byte* Scales { get; init; }

    /// <summary>Takes the biases of the rows, from the first on, where there are any.</summary>
    public required byte* Biases { get; init; }

    /// <summary>Bytes of a row's scales, and of its biases.</summary>
    public required int ScaleBytes { get; init; }

    /// <summary>Takes the first row that cannot be packed.</summary>
    public required FirstRow Refused { get; init; }

    /// <summary>Tasks in all.</summary>
    public readonly int TaskCount => (Count + RowsPerTask - 1) / RowsPerTask;

    public readonly void Run(int task, Worker worker)
    {
        Span<float> row = new(worker.Scratch((nuint)Columns * sizeof(float)), Columns);
        int end = Math.Min(Count, (task + 1) * RowsPerTask);
        for (int i = task * RowsPerTask; i < end; i++)
        {
            Rows.Read(First + i, 0, row);
            ElementConversion.Round(row, Type);
            int bad = Quantizer.Quantize(
                row,
                new Span<byte>(Words + ((long)i * WordBytes), WordBytes),
                new Span<byte>(Scales + ((long)i * ScaleBytes), ScaleBytes),
                Quantizer.HasBiases ? new Span<byte>(Biases + ((long)i * ScaleBytes), ScaleBytes) : []);
            if (bad >= 0)
            {
                Refused.Note(First + i);
            }
        }
    }
}
