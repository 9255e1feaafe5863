using FsCheck;
using FsCheck.Fluent;

namespace ManagedGemma.Tests.Tokenization;

/// <summary>Random text from the parts that tokenizers get wrong: white space, literal added tokens, pieces of them, rare characters.</summary>
internal static class AwkwardText
{
    private static readonly string[] Parts =
    [
        " ", "  ", "   ", "\n", "\n\n", "\t", "\t\t", "\r", "\r\n", "\u2581", "\u2581\u2581", "\u2581\u2581\u2581", "a", "b", "e", "th", "the", "ing",
        "cat", "The", "A", "Z", "0", "1", "42", "3.14", ".", ",", "!", "'s", "\"", "<", ">", "</", "/>", ">\u2581</", "> </", "<bos>", "<eos>", "<pad>",
        "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<image_soft_token>", "<unused7>", "<unused", "<unused99", "<table>", "</td>", "<h1>",
        "[multimodal]", "<0x0A>", "<0x", "\u00e9", "e\u0301", "\u0301", "\u030d", "\u00df", "\u0130", "\u00a0", "\u3000", "\u200d", "\ufeff", "\u0000", "\u001f",
        "\ufffd", "\ud83d\ude00", "\ud83d\udc69\u200d\ud83d\ude80", "\ud808\udc00", "\udb80\udc00", "\ud83d", "\ude00", "\u6211", "\u559c\u6b22", "\u732b",
        "\uac00", "\u0e2a\u0e27\u0e31", "\u0928\u092e\u0938\u094d", "\u05e9", "\u0645\u0631", "\u2014", "\u201c", "\u00bd", "==", "--", "//", "();", "\u0378", "\uffff",
    ];

    public static Arbitrary<string> Arbitrary { get; } = Arb.From(
        Gen.OneOf(
            Gen.ListOf(Gen.Elements(Parts)).Select(string.Concat),
            Gen.ListOf(Gen.OneOf(Gen.Elements(Parts), ArbMap.Default.GeneratorFor<char>().Select(c => c.ToString()))).Select(string.Concat)),
        text => text.Length == 0 ? [] : [text[1..], text[..^1], text[..(text.Length / 2)], text[(text.Length / 2)..]]);
}
