using System.Net;
using System.Text;

namespace RaftStream.Testing;

/// <summary>
/// What all pages made here have in common: one look, nothing fetched from anywhere, black on white on paper, and the form of XML, so that a test can
/// read them.
/// </summary>
internal static class HtmlPage
{
    /// <summary>The end of a page.</summary>
    public const string Close = "</body></html>\n";

    private const string Look =
        """
        body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1080px;padding:0 1em;color:#1b1b1b;background:#fff}
        h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em}h3{font-size:1em}
        """;

    // Behind the rules of the page itself, which else would count on paper as well.
    private const string Print =
        """
        @media print{body{max-width:none;margin:0;padding:0 2px}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        @page{margin:12mm}
        """;

    /// <summary>The beginning of a page, up to where its content begins.</summary>
    /// <param name="title">What a browser shows as its name.</param>
    /// <param name="style">Rules of its own, which count over the common ones.</param>
    public static string Open(string title, string style) =>
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>" + Safe(title) + "</title>\n<style>\n" + Look + "\n" + style + "\n" + Print + "\n</style></head>\n<body>\n";

    /// <summary>
    /// A text as it may stand in a page or a picture, in an attribute as well. What XML knows no form for, such as a zero or half of a pair, is shown
    /// as the sign for an unreadable character: what a node said must not break the page that tells of it.
    /// </summary>
    public static string Safe(string text)
    {
        var isPlain = true;
        foreach (var character in text)
            isPlain &= character is >= ' ' and < '\uD800' or '\n' or '\t';
        return WebUtility.HtmlEncode(isPlain ? text : Readable(text));
    }

    /// <summary>The path of a file in the folder of the page, as a link may name it: never anything but a file below.</summary>
    public static string Link(string path) =>
        string.Join('/', path.Split('/', '\\').Where(static part => part is not ("" or "." or "..")).Select(Uri.EscapeDataString));

    private static string Readable(string text)
    {
        var readable = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // Half of a pair comes out as the replacement character.
        {
            var isForbidden = rune.Value is (< 0x20 and not ('\n' or '\t')) or (>= 0x7F and < 0xA0) or 0xFFFE or 0xFFFF;
            readable.Append(isForbidden ? "\uFFFD" : rune.ToString());
        }

        return readable.ToString();
    }
}
