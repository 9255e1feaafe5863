using System.Net.Http.Headers;

namespace ManagedGemma.Hub.Transfer;

/// <summary>
/// The ETag that each host gave a file. A range is asked for under the condition that it still has it (If-Range), but only of the host
/// whose ETag it is: the hub's checksum means nothing to the host that it redirects to.
/// </summary>
internal sealed class RangeValidators
{
    private readonly Dictionary<string, EntityTagHeaderValue> _tags = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The ETag that a host gave; null when it gave none that ranges may rely on.</summary>
    public EntityTagHeaderValue? Of(Uri? address) => address is null ? null : _tags.GetValueOrDefault(Origin(address));

    /// <summary>Remembers what a host said. Weak ETags promise no equal bytes.</summary>
    public void Learn(Uri? address, EntityTagHeaderValue? tag)
    {
        if (address is not null && tag is { IsWeak: false })
        {
            _tags[Origin(address)] = tag;
        }
    }

    /// <summary>Forgets a host's.</summary>
    public void Forget(Uri? address)
    {
        if (address is not null)
        {
            _tags.Remove(Origin(address));
        }
    }

    private static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);
}
