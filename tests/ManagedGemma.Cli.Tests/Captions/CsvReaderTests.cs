using System.Text;
using FsCheck;
using FsCheck.Xunit;
using ManagedGemma.Cli.Input.Captions;

namespace ManagedGemma.Cli.Tests.Captions;

public class CsvReaderTests
{
    [Theory]
    [InlineData("a,b\n1,2", "1: a|b", "2: 1|2")]
    [InlineData("a,b\r\n1,2\r\n", "1: a|b", "2: 1|2")]
    [InlineData("a,b\r1,2\r", "1: a|b", "2: 1|2")]
    [InlineData("\"a\",\"\"\n,\n", "1: a|", "2: |")]
    [InlineData("\n\r\n a \n\n\"\"\n", "3:  a ", "5: ")]
    [InlineData("\"a \"\"b\"\", c\r\nd\n\ne\",f\ng", "1: a \"b\", c\r\nd\n\ne|f", "5: g")]
    [InlineData("5\" pipe,a\"b\"\n", "1: 5\" pipe|a\"b\"")]
    [InlineData("\"\"\"\"\n\"\"\"a\"", "1: \"", "2: \"a")]
    [InlineData("a,b,\n", "1: a|b|")]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("\"a\"b,c\nd", "1! something follows a closing quote", "2: d")]
    [InlineData("a\n\"b\" ,c\r\nd\n\"e\nf", "1: a", "2! something follows a closing quote", "3: d", "4! a quote is not closed")]
    public void Records_are_read_with_their_lines(string text, params string[] expected)
    {
        CsvReader reader = new(text);
        List<string> actual = [];
        while (true)
        {
            try
            {
                if (reader.Next() is not { } fields)
                {
                    break;
                }

                actual.Add($"{reader.Line}: {string.Join('|', fields)}");
            }
            catch (FormatException problem)
            {
                actual.Add($"{reader.Line}! {problem.Message}");
            }
        }

        Assert.Equal(expected, actual);
    }

    [Property]
    public void Whatever_is_quoted_comes_back(NonEmptyArray<NonEmptyArray<string>> records, bool hasReturn)
    {
        StringBuilder text = new();
        List<(long Line, string[] Fields)> expected = [];
        long line = 1;
        foreach (string[] record in records.Get.Select(x => x.Get.Select(field => (field ?? string.Empty) + "\",\r\n\r\n\r"[..(field?.Length % 8 ?? 0)]).ToArray()))
        {
            expected.Add((line, record));
            string written = string.Join(',', record.Select(field => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + (hasReturn ? "\r\n" : "\n");
            text.Append(written);
            line += written.Replace("\r\n", "\n", StringComparison.Ordinal).Count(c => c is '\r' or '\n');
        }

        CsvReader reader = new(text.ToString());
        foreach ((long number, string[] fields) in expected)
        {
            Assert.Equal(fields, reader.Next());
            Assert.Equal(number, reader.Line);
        }

        Assert.Null(reader.Next());
    }
}
