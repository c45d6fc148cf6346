using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>Draws an account as a page of HTML with one inline picture: nothing is fetched, details show on hover, and it prints in black on white.</summary>
internal static class AccountHtml
{
    private const int LaneWidth = 110;
    private const int Left = 120;
    private const int Top = 40;
    private const int RowHeight = 20;

    private const string Style = """
        body { max-width: none; margin: 2em } h1 { font-size: 1.2em } p { max-width: 60em }
        svg text { font: 12px ui-monospace, monospace; fill: #111 }
        .lane { stroke: #999 } .message { stroke: #1a5fb4; stroke-width: 1.5; fill: none } .lost { stroke: #c01c28; stroke-dasharray: 4 3 }
        .event { fill: #c64600 } .row:hover rect { fill: #eef } .row rect { fill: transparent } .time { fill: #555 }
        @media print { body { margin: 0 } .row { break-inside: avoid } }
        """;

    public static string Draw(IReadOnlyList<AccountLine> lines, string title, IReadOnlyList<string> story)
    {
        var lanes = AccountText.LanesOf(lines);
        var labels = Left + (lanes.Length * LaneWidth);
        var (width, height) = (labels + 620, Top + ((lines.Count + 1) * RowHeight));
        var page = new StringBuilder();
        page.Append(HtmlPage.Open(title, Style)).Append(CultureInfo.InvariantCulture, $"<h1>{Safe(title)}</h1>\n");
        foreach (var paragraph in story)
            page.Append(CultureInfo.InvariantCulture, $"<p>{Safe(paragraph)}</p>\n");
        page.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n");
        page.Append("<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#1a5fb4\"/></marker></defs>\n");
        foreach (var node in lanes)
        {
            var x = LaneAt(lanes, node);
            page.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"20\" text-anchor=\"middle\">node {node}</text><line class=\"lane\" x1=\"{x}\" y1=\"28\" x2=\"{x}\" y2=\"{height}\"/>\n");
        }

        for (var row = 0; row < lines.Count; row++)
            DrawRow(page, lines[row], lanes, Top + (row * RowHeight), width, labels);
        return page.Append("</svg>\n").Append(HtmlPage.Close).ToString();
    }

    private static void DrawRow(StringBuilder page, in AccountLine line, int[] lanes, int y, int width, int labels)
    {
        var details = line.IsMessage
            ? string.Create(CultureInfo.InvariantCulture, $"node {line.From} to node {line.To}, sent at {line.SentAt / 1e6:0.000000} ms, {line.Fate ?? string.Create(CultureInfo.InvariantCulture, $"arrived at {line.At / 1e6:0.000000} ms")}: {line.What}")
            : string.Create(CultureInfo.InvariantCulture, $"{line.At / 1e6:0.000000} ms: {line.What}");
        page.Append(CultureInfo.InvariantCulture, $"<g class=\"row\"><title>{Safe(details)}</title><rect x=\"0\" y=\"{y - 10}\" width=\"{width}\" height=\"{RowHeight}\"/>");
        page.Append(CultureInfo.InvariantCulture, $"<text class=\"time\" x=\"{Left - 60}\" y=\"{y + 4}\" text-anchor=\"end\">{line.At / 1e6:0.000}</text>");
        if (line.IsMessage)
        {
            var (from, to) = (LaneAt(lanes, line.From), LaneAt(lanes, line.To));
            var end = line.Fate is null ? to : (from + to) / 2;
            page.Append(CultureInfo.InvariantCulture, $"<line class=\"message{(line.Fate is null ? "" : " lost")}\" x1=\"{from}\" y1=\"{y - 4}\" x2=\"{end}\" y2=\"{y + 4}\"{(line.Fate is null ? " marker-end=\"url(#head)\"" : "")}/>");
        }
        else if (line.From > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $"<circle class=\"event\" cx=\"{LaneAt(lanes, line.From)}\" cy=\"{y}\" r=\"5\"/>");
        }

        var fate = line.Fate is null ? "" : $" ({line.Fate})";
        page.Append(CultureInfo.InvariantCulture, $"<text x=\"{labels}\" y=\"{y + 4}\">{Safe(line.What + fate)}</text></g>\n");
    }

    private static int LaneAt(int[] lanes, int node) => Left + (Array.IndexOf(lanes, node) * LaneWidth);

    private static string Safe(string text) => HtmlPage.Safe(text);
}
