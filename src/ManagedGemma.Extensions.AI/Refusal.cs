using System.Globalization;
using ManagedGemma.Checkpoints;

namespace ManagedGemma.Extensions.AI;

/// <summary>Refuses what a caller asks for and the model cannot give, by the option's name: nothing is left out silently.</summary>
/// <param name="options">The options' type, as messages name it.</param>
internal readonly struct Refusal(string options)
{
    /// <summary>Refuses an option unless its value asks for nothing.</summary>
    public void Unless(bool isHarmless, string member, string expected, object? found)
    {
        if (!isHarmless)
        {
            throw new GemmaException(
                "the option is not supported",
                subject: $"{options}.{member}",
                expected: expected,
                found: Untrusted.Show(Convert.ToString(found, CultureInfo.InvariantCulture) ?? "null"));
        }
    }

    /// <summary>Refuses another model than the one that is loaded.</summary>
    public void RequireModel(string? asked, string loaded) => Unless(asked is null || asked == loaded, "ModelId", $"null or {loaded}", asked);

    /// <summary>Refuses properties that have none of the known names.</summary>
    public void RequireNoOthers(IReadOnlyDictionary<string, object?>? properties, IReadOnlyList<string> known)
    {
        string? other = properties?.Keys.FirstOrDefault(x => !known.Contains(x, StringComparer.Ordinal));
        Unless(other is null, "AdditionalProperties", known.Count == 0 ? "none" : string.Join(", ", known), other);
    }

    /// <summary>What a factory of raw options gave, if it is of the one type that is understood.</summary>
    public T FromFactory<T>(object? raw, T ifNull)
        where T : class
    {
        Unless(raw is null or T, "RawRepresentationFactory", $"null or {typeof(T).FullName}", raw?.GetType().FullName);
        return raw as T ?? ifNull;
    }
}
