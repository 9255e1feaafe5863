using System.Globalization;

namespace ManagedGemma.Ltx.Formats.Numpy;

/// <summary>
/// The description of a NumPy array: a Python dict with exactly the keys <c>descr</c>, a string; <c>fortran_order</c>, True or False; and
/// <c>shape</c>, a tuple of non-negative integers.
/// </summary>
internal sealed class NpyDictionary
{
    private const string Expected = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    private const int MostDimensions = 64;

    private readonly string _text;
    private readonly Func<string, string, string, GemmaException> _problem;
    private int _at;

    /// <summary>Parses a description.</summary>
    /// <param name="text">The description.</param>
    /// <param name="problem">Makes what is thrown, of problem, expected, found.</param>
    public NpyDictionary(string text, Func<string, string, string, GemmaException> problem)
    {
        _text = text;
        _problem = problem;
        string? description = null;
        bool? isFortran = null;
        Expect('{');
        while (!Takes('}'))
        {
            string key = Quoted();
            Expect(':');
            switch (key)
            {
                case "descr" when description is null:
                    description = Quoted();
                    break;
                case "fortran_order" when isFortran is null:
                    isFortran = Truth();
                    break;
                case "shape" when Shape is null:
                    Shape = Tuple();
                    break;
                default:
                    throw Malformed();
            }

            if (!Takes(','))
            {
                Expect('}');
                break;
            }
        }

        if (description is null || isFortran is null || Shape is null || Next() is not null)
        {
            throw Malformed();
        }

        (Description, IsFortranOrder) = (description, isFortran.Value);
    }

    /// <summary>The type of an element, as in <c>&lt;f4</c>.</summary>
    public string Description { get; }

    /// <summary>Whether the first dimension is the fastest.</summary>
    public bool IsFortranOrder { get; }

    /// <summary>The dimensions.</summary>
    public IReadOnlyList<long> Shape { get; } = null!;

    // Past white space; null at the end.
    private char? Next()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : null;
    }

    private bool Takes(char symbol)
    {
        bool takes = Next() == symbol;
        _at += takes ? 1 : 0;
        return takes;
    }

    private void Expect(char symbol)
    {
        if (!Takes(symbol))
        {
            throw Malformed();
        }
    }

    // Escapes mean structures with names of their own, whose elements are not read anyway.
    private string Quoted()
    {
        if (Next() is not ('\'' or '"') || _text.IndexOf(_text[_at], _at + 1) is not (> 0 and var end))
        {
            throw Malformed();
        }

        string value = _text[(_at + 1)..end];
        _at = end + 1;
        return value;
    }

    private bool Truth()
    {
        Next();
        foreach (bool value in (ReadOnlySpan<bool>)[true, false])
        {
            string word = value ? "True" : "False";
            if (_text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal))
            {
                _at += word.Length;
                return value;
            }
        }

        throw Malformed();
    }

    private List<long> Tuple()
    {
        List<long> values = [];
        Expect('(');
        while (!Takes(')'))
        {
            Next();
            int start = _at;
            while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            {
                _at++;
            }

            if (values.Count == MostDimensions || !long.TryParse(_text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            {
                throw Malformed();
            }

            values.Add(value);

            // As Python 2 wrote long integers.
            Takes('L');
            if (!Takes(','))
            {
                // (3) is a number and not a tuple.
                if (values.Count == 1)
                {
                    throw Malformed();
                }

                Expect(')');
                break;
            }
        }

        return values;
    }

    private GemmaException Malformed() => _problem("the array's description cannot be read", "as in " + Expected, _text);
}
