namespace ManagedGemma.Conversion;

/// <summary>A float format of a few bits in which weights are stored.</summary>
internal interface IFloatCode
{
    /// <summary>The largest value.</summary>
    static abstract float Largest { get; }

    /// <summary>The code of the nearest value; beyond the largest one the largest.</summary>
    /// <param name="value">A finite number.</param>
    static abstract byte Encode(float value);
}
