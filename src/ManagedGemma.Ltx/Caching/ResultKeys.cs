using ManagedGemma.Checkpoints;

namespace ManagedGemma.Ltx.Caching;

/// <summary>
/// Names results by what they are made of: SHA-256 of tokens, both checkpoints' identities, profile, precision, kind, length and the
/// version of this program's arithmetic. Nothing of the machine: results differ between instruction sets by rounding at most.
/// </summary>
internal sealed class ResultKeys
{
    /// <summary>Raised whenever the same inputs give other values, or entries another layout.</summary>
    private const long Version = 1;

    private readonly byte[] _checkpoints;

    /// <summary>Takes both checkpoints' identities.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="ltx">The LTX checkpoint; null where none has a part in the results.</param>
    public ResultKeys(GemmaCheckpoint encoder, LtxCheckpoint? ltx)
    {
        using IdentityHash hash = new();
        hash.Add(Version);
        hash.Add(CheckpointIdentity.Of(encoder));
        hash.Add(ltx is null ? [] : LtxIdentity.Of(ltx));
        _checkpoints = hash.Result();
    }

    /// <summary>A result's name: 64 hexadecimal digits.</summary>
    /// <param name="kind">What it is; any word.</param>
    /// <param name="ids">The prompt's tokens, cut to the length.</param>
    /// <param name="options">Profile, precision, length.</param>
    public string Of(string kind, IReadOnlyList<int> ids, LtxOptions options)
    {
        using IdentityHash hash = new();
        hash.Add(_checkpoints);
        hash.Add(kind);
        hash.Add($"{options.Profile} {options.Precision}");
        hash.Add((long)options.Length);
        hash.Add((long)ids.Count);
        foreach (int id in ids)
        {
            hash.Add((long)id);
        }

        return Convert.ToHexStringLower(hash.Result());
    }
}
