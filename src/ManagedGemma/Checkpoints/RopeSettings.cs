namespace ManagedGemma.Checkpoints;

/// <summary>Bases and factors of both kinds of layer, from either generation of config keys.</summary>
internal readonly record struct RopeSettings(double ThetaFull, double ThetaSliding, double FactorFull, double FactorSliding)
{
    public static RopeSettings Read(ConfigReader config)
    {
        // The keys beside each other are the defaults for what rope_parameters leaves out, as in transformers 5.
        double thetaFull = config.Positive(config.TryGet("rope_theta", out _) ? "rope_theta" : "rope_global_base_freq", 1e6);
        double thetaSliding = config.Positive("rope_local_base_freq", 1e4);
        if (config.Object("rope_parameters") is not { Own.Count: > 0 } parameters)
        {
            return new RopeSettings(thetaFull, thetaSliding, config.Object("rope_scaling") is { } scaling ? Factor(scaling) : 1, 1);
        }

        ConfigReader full = Required(parameters, "full_attention");
        ConfigReader sliding = Required(parameters, "sliding_attention");
        return new RopeSettings(
            full.Positive("rope_theta", thetaFull), sliding.Positive("rope_theta", thetaSliding), Factor(full), Factor(sliding));
    }

    private static ConfigReader Required(ConfigReader parameters, string key) =>
        parameters.Object(key) ?? throw parameters.Bad(key, "the key is missing", "an object");

    private static double Factor(ConfigReader rope)
    {
        string key = rope.TryGet("rope_type", out _) ? "rope_type" : "type";
        return (rope.Text(key) ?? "default") switch
        {
            "default" => 1,
            "linear" => rope.Positive("factor", null),
            string other => throw rope.Bad(key, $"rope type {Untrusted.Show(other)} is not supported", "default or linear", Untrusted.Show(other)),
        };
    }
}
