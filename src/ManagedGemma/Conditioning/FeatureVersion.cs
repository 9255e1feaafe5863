namespace ManagedGemma.Conditioning;

/// <summary>How hidden states become features.</summary>
public enum FeatureVersion
{
    /// <summary>LTX-2.3: each token of each state divided by its root mean square.</summary>
    V2,

    /// <summary>LTX-2.0: each state shifted by its mean over all tokens and scaled to a range of 8.</summary>
    V1,
}
