namespace ManagedGemma.Model;

/// <summary>Where the seconds of a forward pass went, for benches.</summary>
/// <param name="Round">Norms, gates and rounding of inputs.</param>
/// <param name="Multiply">Matrix products.</param>
/// <param name="Attend">Head norms, RoPE, attention.</param>
internal readonly record struct PassTimes(double Round, double Multiply, double Attend);
