using ManagedGemma.Generation;
using ManagedGemma.Model;

namespace ManagedGemma.Extensions.AI.Chat;

/// <summary>What was computed of the last conversations: who sends one again with another message does not wait for all of it.</summary>
/// <param name="capacity">How many are kept at most; each has keys and values of all its tokens.</param>
internal sealed class KeptPrefixes(int capacity) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<PromptPrefix> _prefixes = [];
    private bool _isDisposed;

    /// <summary>Whether any are kept.</summary>
    public bool IsEnabled => capacity > 0;

    /// <summary>
    /// The prefix that has the most in common with a prompt, and at least half of its own tokens; it belongs to the caller until it comes
    /// back. Null: none has.
    /// </summary>
    public PromptPrefix? Take(IReadOnlyList<int> prompt, Precision precision)
    {
        lock (_gate)
        {
            PromptPrefix? best = null;
            int most = 0;
            foreach (PromptPrefix prefix in _prefixes.Where(x => x.Precision == precision))
            {
                int common = Common(prefix.TokenIds, prompt);
                if (common > most && common > prefix.TokenIds.Count / 2)
                {
                    (best, most) = (prefix, common);
                }
            }

            if (best is not null)
            {
                _prefixes.Remove(best);
            }

            return best;
        }
    }

    /// <summary>Takes a prefix, and gives up the oldest if it is one too many.</summary>
    public void Put(PromptPrefix prefix)
    {
        PromptPrefix? surplus = null;
        lock (_gate)
        {
            if (_isDisposed || capacity == 0)
            {
                surplus = prefix;
            }
            else
            {
                _prefixes.Add(prefix);
                if (_prefixes.Count > capacity)
                {
                    surplus = _prefixes[0];
                    _prefixes.RemoveAt(0);
                }
            }
        }

        surplus?.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _prefixes.ForEach(x => x.Dispose());
            _prefixes.Clear();
        }
    }

    private static int Common(IReadOnlyList<int> left, IReadOnlyList<int> right)
    {
        int common = 0, most = Math.Min(left.Count, right.Count);
        while (common < most && left[common] == right[common])
        {
            common++;
        }

        return common;
    }
}
