namespace ManagedGemma.Checkpoints;

/// <summary>The <c>quantization</c> of a config.json: a scheme for the file, and exceptions by module path.</summary>
public sealed class QuantizationConfig
{
    private readonly QuantizationScheme _scheme;
    private readonly Dictionary<string, QuantizationScheme?> _overrides;

    /// <summary>Makes a configuration.</summary>
    /// <param name="scheme">What holds for modules that are not named.</param>
    /// <param name="overrides">Module paths as in the file, with their own scheme or null for dense.</param>
    public QuantizationConfig(QuantizationScheme scheme, IEnumerable<KeyValuePair<string, QuantizationScheme?>>? overrides = null)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        _scheme = scheme;
        _overrides = new Dictionary<string, QuantizationScheme?>(overrides ?? [], StringComparer.Ordinal);
    }

    /// <summary>What the bits mean, for modules that are not named.</summary>
    public QuantizationMode Mode => _scheme.Mode;

    /// <summary>Bits a weight, for modules that are not named.</summary>
    public int Bits => _scheme.Bits;

    /// <summary>Weights that share a scale, for modules that are not named.</summary>
    public int GroupSize => _scheme.GroupSize;

    /// <summary>The modules that differ from the file's scheme or are named expressly, with null for dense.</summary>
    public IReadOnlyDictionary<string, QuantizationScheme?> Overrides => _overrides;

    /// <summary>The scheme of a module that is quantised (one whose scales the file holds).</summary>
    /// <param name="modulePath">The path as in the file, without <c>.weight</c>.</param>
    /// <returns>The module's own scheme, else the file's; null where the config says that the module is dense.</returns>
    public QuantizationScheme? For(string modulePath) => _overrides.TryGetValue(modulePath, out QuantizationScheme? own) ? own : _scheme;
}
