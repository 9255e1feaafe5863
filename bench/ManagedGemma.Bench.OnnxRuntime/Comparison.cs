using System.Diagnostics;
using ManagedGemma.Model;

namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>Times both sides in turns on the same weights and the same input, and holds both results against the exact one.</summary>
internal static class Comparison
{
    private const int SampledRows = 24, SampledTokens = 8;

    // Uniform values in [-1, 1], rounded by a scale for their largest: a step of 1/127 is an error of 1/(127·√12) against a root mean
    // square of 1/√3, 0.0039; for 16 bits 0.000015. Errors of the terms of a sum go like the terms. Two and a half times as much is wrong.
    private const double Int8Bound = 0.01, Int16Bound = 0.0001;

    /// <summary>Compares one case.</summary>
    /// <exception cref="InvalidOperationException">A result is not the product.</exception>
    public static IEnumerable<ComparisonLine> Run(Case shape, AffineMatrix[] matrices, Precision[] precisions, int rounds, double seconds)
    {
        Random random = new(7);
        float[] x = [.. Enumerable.Range(0, shape.Tokens * shape.Columns).Select(_ => (2 * random.NextSingle()) - 1)];
        using TheirProduct theirs = new(shape, matrices, x);
        using OurProduct ours = new(shape, matrices, x, precisions);
        theirs.Run();
        double theirError = Error(shape, matrices, x, (matrix, token, row) => theirs.Outputs[matrix][(token * shape.Rows) + row]);
        Require(theirError < Int8Bound, "ONNX Runtime", theirError);
        double[] errors = new double[precisions.Length];
        for (int i = 0; i < precisions.Length; i++)
        {
            ours.Run(precisions[i]);
            errors[i] = Error(shape, matrices, x, (matrix, token, row) => ours[matrix, token, row]);
            Require(errors[i] < (precisions[i] == Precision.Fast ? Int8Bound : Int16Bound), precisions[i].ToString(), errors[i]);
        }

        Action[] sides = [theirs.Run, .. precisions.Select(precision => (Action)(() => ours.Run(precision)))];
        double[] times = Interleave(sides, rounds, seconds);
        for (int i = 0; i < precisions.Length; i++)
        {
            yield return new ComparisonLine
            {
                Columns = shape.Columns,
                Rows = shape.Rows,
                Precision = precisions[i].ToString().ToLowerInvariant(),
                Threads = shape.Threads,
                Tokens = shape.Tokens,
                GmacsPerS = Math.Round(shape.Products / times[i + 1] / 1e9, 1),
                OnnxruntimeGmacsPerS = Math.Round(shape.Products / times[0] / 1e9, 1),
                Ratio = Math.Round(times[0] / times[i + 1], 2),
                Error = Significant(errors[i]),
                OnnxruntimeError = Significant(theirError),
                Onnxruntime = TheirProduct.Version,
            };
        }
    }

    // The median time of each side, over turns that alternate; each turn begins with a run that does not count.
    private static double[] Interleave(Action[] sides, int rounds, double seconds)
    {
        List<double>[] times = [.. sides.Select(_ => new List<double>())];
        for (int round = 0; round < rounds; round++)
        {
            for (int side = 0; side < sides.Length; side++)
            {
                Thread.Sleep(20);
                sides[side]();
                long start = Stopwatch.GetTimestamp();
                do
                {
                    long begin = Stopwatch.GetTimestamp();
                    sides[side]();
                    times[side].Add(Stopwatch.GetElapsedTime(begin).TotalSeconds);
                }
                while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
            }
        }

        return [.. times.Select(all => all.Order().ElementAt(all.Count / 2))];
    }

    private static double Error(Case shape, AffineMatrix[] matrices, float[] x, Func<int, int, int, float> result)
    {
        double difference = 0, size = 0;
        Random random = new(3);
        for (int sample = 0; sample < SampledRows; sample++)
        {
            int matrix = random.Next(matrices.Length), row = random.Next(shape.Rows);
            double[] weights = [.. Enumerable.Range(0, shape.Columns).Select(column => matrices[matrix][row, column])];
            for (int i = 0; i < Math.Min(SampledTokens, shape.Tokens); i++)
            {
                int token = random.Next(shape.Tokens);
                double exact = 0;
                for (int column = 0; column < shape.Columns; column++)
                {
                    exact += weights[column] * x[(token * shape.Columns) + column];
                }

                difference += Math.Pow(result(matrix, token, row) - exact, 2);
                size += exact * exact;
            }
        }

        return Math.Sqrt(difference / size);
    }

    private static double Significant(double value) => double.Parse(value.ToString("E1", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);

    private static void Require(bool holds, string side, double error)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{side} does not compute the product: relative error {error:0.0E0}.");
        }
    }
}
