namespace ManagedGemma.Conversion;

/// <summary>A float format of one byte in which a group's scale is stored.</summary>
internal interface IFloatScale
{
    /// <summary>The code of a scale.</summary>
    /// <param name="scale">The scale that would be best: finite and not negative.</param>
    static abstract byte Encode(float scale);

    /// <summary>A code's value; exact.</summary>
    static abstract float Decode(byte code);
}
