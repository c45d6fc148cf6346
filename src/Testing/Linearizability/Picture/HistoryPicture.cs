using System.Globalization;
using System.Text;
using RaftStream.Testing.Linearizability;

namespace RaftStream.Testing;

/// <summary>A part of a page of pictures.</summary>
/// <param name="Title">Its heading, such as the name of a file.</param>
/// <param name="Result">What is shown.</param>
public sealed record PictureSection(string Title, CheckResult Result);

/// <summary>
/// Draws checked histories as one HTML page that needs nothing else: a lane for each process, a bar for each operation from its call to its
/// answer, details under the pointer. Time runs in bands of a page's width, so that it can be printed. Of an illegal key the
/// shortest illegal prefix is drawn.
/// </summary>
public static class HistoryPicture
{
    /// <summary>The most operations drawn of one key: of more the last ones are, and those that cannot be ordered.</summary>
    public const int MaxOperations = 400;

    /// <summary>The most keys drawn of one section: illegal ones first.</summary>
    public const int MaxKeys = 5;

    private const string Style =
        """
        svg{display:block;width:100%;height:auto;margin:.4em 0;break-inside:avoid}
        svg text{font:11px ui-monospace,monospace;fill:#1b1b1b}
        .lane{stroke:#ddd}.name{fill:#555}
        .ordered rect{fill:#d7edd9;stroke:#2e7d32}.unordered rect{fill:#f8cdcd;stroke:#b00020;stroke-width:2.5}
        .open rect{fill:#eee;stroke:#777;stroke-dasharray:4 2}.effect rect{fill:#d7edd9;stroke:#2e7d32;stroke-dasharray:4 2}
        g:hover rect{stroke-width:3}.end{stroke:#b00020;stroke-dasharray:2 2}
        .key span{display:inline-block;margin-right:1.2em}.key i{display:inline-block;width:1.4em;height:.9em;margin-right:.4em;border:1px solid;vertical-align:-1px}
        """;

    private const string Key =
        """
        <p class="key"><span><i style="background:#d7edd9;border-color:#2e7d32"></i>in the order found (its number in it)</span>
        <span><i style="background:#f8cdcd;border:2px solid #b00020"></i>✗ cannot be ordered</span>
        <span><i style="background:#eee;border:1px dashed #777"></i>? outcome unknown</span>
        <span><i style="background:#d7edd9;border:1px dashed #2e7d32"></i>outcome unknown, takes effect in that order</span></p>
        """;

    /// <summary>Draws a page.</summary>
    /// <param name="sections">Its parts.</param>
    public static string ToHtml(IReadOnlyList<PictureSection> sections)
    {
        ArgumentNullException.ThrowIfNull(sections);
        var html = new StringBuilder();
        html.Append(HtmlPage.Open("Histories", Style)).Append("<h1>Histories and whether they are linearizable</h1>\n").Append(Key);
        foreach (var section in sections)
            Append(html, section);
        return html.Append(HtmlPage.Close).ToString();
    }

    private static void Append(StringBuilder html, PictureSection section)
    {
        var result = section.Result;
        html.Append(CultureInfo.InvariantCulture, $"\n<h2>{Encode(section.Title)}: {Word(result.Verdict)}</h2>\n");
        var shown = result.Keys.OrderBy(static key => key.Verdict == Verdict.Illegal ? 0 : key.Verdict == Verdict.Undecided ? 1 : 2).Take(MaxKeys).ToArray();
        if (shown.Length < result.Keys.Count)
            html.Append(CultureInfo.InvariantCulture, $"<p>{shown.Length} of {result.Keys.Count} keys are drawn.</p>\n");
        foreach (var key in shown)
            Append(html, key);
    }

    private static void Append(StringBuilder html, KeyResult key)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h3>Key \"{Encode(key.Key)}\": {Word(key.Verdict)}</h3>\n");
        if (key.Illegal is { } illegal)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>{Encode(illegal.ToString())} Cannot be ordered:</p>\n<ul>\n");
            foreach (var operation in illegal.Unordered.Take(20))
                html.Append(CultureInfo.InvariantCulture, $"<li>{Encode(operation.ToString())}</li>\n");
            html.Append("</ul>\n");
        }
        else if (key.EndedBy is { } bound)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>The search ended for want of {bound}; the longest part of an order found is marked.</p>\n");
        }
        var layout = new PictureLayout(key);
        if (layout.LeftOut > 0)
            html.Append(CultureInfo.InvariantCulture, $"<p>{layout.LeftOut} earlier operations are left out.</p>\n");
        for (var band = 0; band < layout.Bands; band++)
            PictureBand.Append(html, layout, band);
    }

    internal static string Encode(string text) => HtmlPage.Safe(text);

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Linearizable => "linearizable",
        Verdict.Illegal => "not linearizable",
        _ => "undecided",
    };
}
