namespace ManagedGemma.Comparison.Statistics;

/// <summary>The largest of many, the first of equals; nothing that is zero.</summary>
internal sealed class WorstList(int capacity)
{
    private readonly List<(double Key, long Index, double RelativeL2)> _items = [];

    /// <summary>Considers one.</summary>
    /// <param name="index">Ascending from call to call.</param>
    /// <param name="error">The square root of its squared error; what it is ranked by.</param>
    /// <param name="relativeL2">For <see cref="WorstPart"/>.</param>
    public void Add(long index, double error, double relativeL2)
    {
        if (error == 0 || capacity == 0 || (_items.Count == capacity && error <= _items[^1].Key))
        {
            return;
        }

        int place = _items.Count;
        while (place > 0 && _items[place - 1].Key < error)
        {
            place--;
        }

        if (_items.Count == capacity)
        {
            _items.RemoveAt(capacity - 1);
        }

        _items.Insert(place, (error, index, relativeL2));
    }

    /// <summary>The list, worst first.</summary>
    /// <param name="total">The square root of the whole squared error.</param>
    public IReadOnlyList<WorstPart> Take(double total) =>
        [.. _items.Select(x => new WorstPart(x.Index, Math.Min(x.Key / total * (x.Key / total), 1), x.RelativeL2))];
}
