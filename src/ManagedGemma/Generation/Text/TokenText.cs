using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Generation.Text;

/// <summary>
/// Text from tokens that come one by one: all that is given out together is what <see cref="PromptTokenizer.Decode(IEnumerable{int})"/> makes of the
/// tokens. Byte tokens wait for the end of their run where that decides what they are; the last character waits while more code points might
/// belong to it (an emoji of several, a flag); what might be the beginning of a stop string waits until it is not.
/// </summary>
internal sealed class TokenText(PromptTokenizer tokenizer, IReadOnlyList<string> stopStrings)
{
    private const char Metaspace = '\u2581';

    private readonly StringBuilder _pending = new();
    private readonly List<byte> _run = [];

    /// <summary>The stop string that was found; nothing is added any more.</summary>
    public string? StoppedBy { get; private set; }

    /// <summary>Adds a token.</summary>
    /// <returns>The text that is certain now.</returns>
    public string Add(int id)
    {
        if (StoppedBy is not null || tokenizer.IsSpecial(id))
        {
            return "";
        }

        if (tokenizer.IsByte(id, out byte value))
        {
            _run.Add(value);
            return tokenizer.DecodesRunsWhole ? "" : TakeWholeCharacters();
        }

        EndRun();
        string piece = Encoding.UTF8.GetString(tokenizer.Utf8Of(id));
        _pending.Append(piece.Replace(Metaspace, ' '));
        return Take(atEnd: false);
    }

    /// <summary>What is left when no token follows.</summary>
    public string Finish()
    {
        if (StoppedBy is not null)
        {
            return "";
        }

        EndRun();
        return Take(atEnd: true);
    }

    private string TakeWholeCharacters()
    {
        ReadOnlySpan<byte> run = CollectionsMarshal.AsSpan(_run);
        int taken = 0;
        while (Rune.DecodeFromUtf8(run[taken..], out Rune rune, out int length) != OperationStatus.NeedMoreData)
        {
            _pending.Append(rune.ToString());
            taken += length;
        }

        _run.RemoveRange(0, taken);
        return Take(atEnd: false);
    }

    private void EndRun()
    {
        if (_run.Count > 0)
        {
            char[] chars = new char[_run.Count];
            int count = tokenizer.DecodeBytes(_run.ToArray(), chars);
            _pending.Append(chars, 0, count);
            _run.Clear();
        }
    }

    private string Take(bool atEnd)
    {
        string text = _pending.ToString();
        int stop = FindStop(text), length = text.Length;
        if (StoppedBy is not null)
        {
            _pending.Clear();
            return text[..stop];
        }

        if (!atEnd)
        {
            length = LastBoundary(text, length - LongestBeginning(text));
        }

        _pending.Remove(0, length);
        return text[..length];
    }

    // Of several the one that ends first, then the longest: so it does not matter how the text was cut into tokens.
    private int FindStop(string text)
    {
        int start = -1, end = int.MaxValue;
        foreach (string stop in stopStrings)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at + stop.Length < end || (at + stop.Length == end && at < start)))
            {
                start = at;
                end = at + stop.Length;
                StoppedBy = stop;
            }
        }

        return start;
    }

    // How many of the last characters may begin a stop string.
    private int LongestBeginning(string text)
    {
        int longest = 0;
        foreach (string stop in stopStrings)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }

    // The last place at or before a limit that parts two characters (grapheme clusters), whatever follows.
    private static int LastBoundary(string text, int limit)
    {
        int boundary = 0;
        while (boundary < text.Length)
        {
            int length = StringInfo.GetNextTextElementLength(text, boundary);
            bool isOpen = boundary + length == text.Length && MayGrow(text[^1]);
            if (boundary + length > limit || isOpen)
            {
                break;
            }

            boundary += length;
        }

        return boundary;
    }

    // Letters, spaces and most marks of ASCII end a character, accents that come apart from their letter excepted; digits, # and * may begin
    // a keycap, and a carriage return a line's end.
    private static bool MayGrow(char last) => !char.IsAscii(last) || char.IsAsciiDigit(last) || last is '#' or '*' or '\r';
}
