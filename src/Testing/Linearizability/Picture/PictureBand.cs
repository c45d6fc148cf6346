using System.Globalization;
using System.Text;

namespace RaftStream.Testing.Linearizability;

/// <summary>Draws one band of a picture as SVG: the lanes of the processes that do something in it.</summary>
internal static class PictureBand
{
    private const int NameWidth = 92;
    private const int ColumnWidth = 40;
    private const int LaneHeight = 26;
    private const int BarHeight = 20;
    private const int CharacterWidth = 7;
    private const int Width = NameWidth + (PictureLayout.ColumnsInBand * ColumnWidth) + 8;

    /// <summary>Most lanes of a band: with more the rest is left out, and said so.</summary>
    private const int MaxLanes = 64;

    public static void Append(StringBuilder html, PictureLayout layout, int band)
    {
        var first = band * PictureLayout.ColumnsInBand;
        var end = Math.Min(first + PictureLayout.ColumnsInBand, layout.Columns);
        var lanes = layout.Bars.Where(bar => bar.From < end && bar.To >= first).GroupBy(static bar => bar.Operation.Process)
            .OrderBy(static lane => lane.Key).Take(MaxLanes + 1).ToArray();
        if (lanes.Length > MaxLanes)
            html.Append(CultureInfo.InvariantCulture, $"<p>Only the first {MaxLanes} processes of the next band are drawn.</p>\n");
        var height = (Math.Min(lanes.Length, MaxLanes) * LaneHeight) + 6;
        html.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"Operations, band {band + 1} of {layout.Bands}\">\n");
        for (var lane = 0; lane < Math.Min(lanes.Length, MaxLanes); lane++)
        {
            var top = 3 + (lane * LaneHeight);
            var middle = top + (LaneHeight / 2);
            html.Append(CultureInfo.InvariantCulture, $"<line class=\"lane\" x1=\"{NameWidth}\" y1=\"{middle}\" x2=\"{Width}\" y2=\"{middle}\"/>");
            html.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"0\" y=\"{middle + 4}\">process {lanes[lane].Key}</text>\n");
            foreach (var bar in lanes[lane])
                AppendBar(html, bar, top, first, end);
        }
        if (layout.EndColumn >= first && layout.EndColumn < end)
        {
            var x = X(layout.EndColumn, first) + ColumnWidth - 4;
            html.Append(CultureInfo.InvariantCulture, $"<line class=\"end\" x1=\"{x}\" y1=\"0\" x2=\"{x}\" y2=\"{height}\"/>\n");
        }
        html.Append("</svg>\n");
    }

    private static void AppendBar(StringBuilder html, Bar bar, int top, int first, int end)
    {
        var left = bar.From >= first ? X(bar.From, first) + 4 : NameWidth;
        var right = bar.To < end ? X(bar.To, first) + ColumnWidth - 4 : Width;
        var (name, mark) = bar.Kind switch
        {
            BarKind.Ordered => ("ordered", $"{bar.Rank} "),
            BarKind.Unordered => ("unordered", "✗ "),
            BarKind.Effect => ("effect", $"{bar.Rank} "),
            _ => ("open", "? "),
        };
        html.Append(CultureInfo.InvariantCulture, $"<g class=\"{name}\"><title>{HistoryPicture.Encode(Details(bar))}</title>");
        html.Append(CultureInfo.InvariantCulture, $"<rect x=\"{left}\" y=\"{top + 2}\" width=\"{Math.Max(8, right - left)}\" height=\"{BarHeight}\" rx=\"3\"/>");
        var label = mark + bar.Operation.Call.Replace(" -> unknown", "", StringComparison.Ordinal).Replace(" -> ", "=", StringComparison.Ordinal);
        var room = Math.Max(0, (right - left - 6) / CharacterWidth);
        if (label.Length > room)
            label = room < 2 ? "" : label[..(room - 1)] + "…";
        html.Append(CultureInfo.InvariantCulture, $"<text x=\"{left + 4}\" y=\"{top + 16}\">{HistoryPicture.Encode(label)}</text></g>\n");
    }

    private static string Details(Bar bar) => bar.Operation + bar.Kind switch
    {
        BarKind.Ordered => $"\nNumber {bar.Rank} in the order found.",
        BarKind.Unordered => "\nCannot be ordered.",
        BarKind.Effect => $"\nIts outcome is not known here; number {bar.Rank} in the order found.",
        _ => "\nIts outcome is not known here; it need not take effect.",
    };

    private static int X(int column, int first) => NameWidth + ((column - first) * ColumnWidth);
}
