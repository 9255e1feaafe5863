namespace ManagedGemma.Model;

/// <summary>
/// Cosines and sines of RoPE for positions 0, 1, …: angle = position / factor · theta^(−2i / rotated), computed in double.
/// Grows on demand; what was handed out stays valid.
/// </summary>
internal sealed class RopeTable(double theta, double factor, int rotated)
{
    private readonly Lock _growing = new();
    private volatile Angles _angles = new([], [], 0);

    /// <summary>Pairs in a head that are rotated: a position has that many cosines and sines.</summary>
    public int Pairs => rotated / 2;

    /// <summary>The table for at least <paramref name="positions"/> positions.</summary>
    public Angles For(int positions)
    {
        Angles angles = _angles;
        if (angles.Positions >= positions)
        {
            return angles;
        }

        lock (_growing)
        {
            if (_angles.Positions < positions)
            {
                // Half as much again at least: a sequence that grows token by token does not copy the table at each.
                _angles = Extend(_angles, Math.Max(positions, (int)Math.Min(Array.MaxLength / Math.Max(1, Pairs), 64 + (_angles.Positions * 3L / 2))));
            }

            return _angles;
        }
    }

    private Angles Extend(Angles known, int positions)
    {
        float[] cos = new float[(long)positions * Pairs], sin = new float[(long)positions * Pairs];
        known.Cos.CopyTo(cos, 0);
        known.Sin.CopyTo(sin, 0);
        for (int i = 0; i < Pairs; i++)
        {
            double frequency = Math.Pow(theta, -2.0 * i / rotated);
            for (int position = known.Positions; position < positions; position++)
            {
                (double s, double c) = Math.SinCos(position / factor * frequency);
                cos[(position * Pairs) + i] = (float)c;
                sin[(position * Pairs) + i] = (float)s;
            }
        }

        return new Angles(cos, sin, positions);
    }

    /// <summary>[positions, pairs] each.</summary>
    public sealed record Angles(float[] Cos, float[] Sin, int Positions);
}
