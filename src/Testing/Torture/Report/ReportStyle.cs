using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>What the page of a run and the index over runs have in common.</summary>
internal static class ReportStyle
{
    /// <summary>The looks, beside those of every page.</summary>
    public const string Rules =
        """
        .chart{display:block;width:100%;height:auto;margin:.6em 0;break-inside:avoid}
        .verdict{border:2px solid;border-radius:6px;padding:.35em .6em;margin-top:0}
        .clean{border-color:#2e7d32;background:#e8f4ea}.violation{border-color:#8c0f2a;background:#fbe3e6;border-width:4px}.undecided,.invalid{border-color:#8a5a00;background:#fff4de;border-style:dashed}
        td.clean,td.violation,td.undecided,td.invalid{border:1px solid #ccc;font-weight:bold;white-space:nowrap}
        pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;border:1px solid #ddd;padding:.6em;font:13px/1.4 ui-monospace,monospace}
        table{border-collapse:collapse;margin:.6em 0;width:100%}
        th,td{border:1px solid #ccc;padding:.25em .55em;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f4f4f4;white-space:nowrap}
        .w{overflow-wrap:normal}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.note{color:#444;max-width:62em}
        tr{break-inside:avoid}h2{break-after:avoid}
        @page{size:A4}@media print{body{font-size:12px}a{color:inherit}}
        """;

    /// <summary>The sign and the word for a verdict of a run or of a checker: the sign shows it where there is no colour.</summary>
    public static string Verdict(string word) => word switch
    {
        "clean" => "✓ clean",
        "passed" => "✓ passed",
        "violation" => "✗ violation",
        "violated" => "✗ violated",
        "undecided" => "? undecided",
        "invalid" => "! invalid",
        _ => HtmlPage.Safe(word),
    };

    /// <summary>The class of a verdict.</summary>
    public static string Class(string word) => word switch
    {
        "clean" or "passed" => "clean",
        "violation" or "violated" => "violation",
        "invalid" => "invalid",
        _ => "undecided",
    };

    /// <summary>Where a verdict stands among others: what is wrong comes first.</summary>
    public static int Rank(string word) => Class(word) switch
    {
        "violation" => 0,
        "undecided" => 1,
        "invalid" => 2,
        _ => 3,
    };

    /// <summary>A row of a table.</summary>
    public static string Row(params ReadOnlySpan<Cell> cells) => Row("td", cells);

    /// <summary>The head of a table, and all up to its first row.</summary>
    public static string Head(params ReadOnlySpan<Cell> cells) => "<table>\n<thead>" + Row("th", cells).TrimEnd() + "</thead>\n<tbody>\n";

    /// <summary>The end of a table.</summary>
    public const string Foot = "</tbody></table>\n";

    /// <summary>A day and an hour as everybody reads them.</summary>
    public static string Date(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Row(string element, ReadOnlySpan<Cell> cells)
    {
        var row = new StringBuilder("<tr>");
        foreach (var cell in cells)
            row.Append('<').Append(element).Append(cell.Look.Length == 0 ? "" : $" class=\"{cell.Look}\"").Append('>').Append(cell.Html).Append("</").Append(element).Append('>');
        return row.Append("</tr>\n").ToString();
    }
}

/// <summary>A cell of a table.</summary>
/// <param name="Html">What stands in it, safe already.</param>
/// <param name="Look">Its class; empty for none.</param>
internal readonly record struct Cell(string Html, string Look)
{
    /// <summary>Any text.</summary>
    public static implicit operator Cell(string text) => new(HtmlPage.Safe(text), "");

    /// <summary>A number, or the name of a column of numbers: it stands at the right.</summary>
    public static Cell Number(string text) => new(HtmlPage.Safe(text), "n");

    /// <summary>A name, which is not broken in the middle of a word.</summary>
    public static Cell Name(string text) => new(HtmlPage.Safe(text), "w");

    /// <summary>How many.</summary>
    public static Cell Number(long count) => new(FigureText.Count(count), "n");

    /// <summary>A verdict.</summary>
    public static Cell Verdict(string word) => new(ReportStyle.Verdict(word), ReportStyle.Class(word));
}
