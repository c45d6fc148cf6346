using System.Text;

namespace RaftStream.Testing;

/// <summary>What share of the calls of each kind was faster than what: each step to the right is a tenth of the calls that are left.</summary>
internal static class QuantileChart
{
    /// <summary>The most curves; the kinds with most calls have one.</summary>
    public const int MostCurves = 8;

    private const double Top = 16;
    private const double Bottom = 330;
    private const double Left = 110;
    private const double Right = 740;
    private const double Nines = 4;

    private static readonly double[] Marked = [0.5, 0.9, 0.99, 0.999, 0.9999];

    // The marks tell the curves apart where there is no colour: each is the path of a shape around its middle.
    private static readonly (string Colour, string Dashes, string Mark)[] Looks =
    [
        ("#1a5fb4", "none", "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"), ("#b5520a", "9 4", "m-4 -4h8v8h-8z"), ("#2e7d32", "2 3", "m0 -5l5 9h-10z"), ("#8c0f2a", "14 3 2 3", "m0 -6l5 6l-5 6l-5 -6z"),
        ("#6a3fb0", "5 2", "m0 5l5 -9h-10z"), ("#7a6a00", "1 5", "m-5 0h10m-5 -5v10"), ("#00707a", "20 5", "m-4 -4l8 8m0 -8l-8 8"), ("#555555", "7 3 2 3 2 3", "m-5 -3h10v6h-10z"),
    ];

    /// <summary>Draws it.</summary>
    public static SvgChart Draw(RunFigures figures)
    {
        var chart = new SvgChart("Quantiles of the latency of each kind of operation") { Height = Bottom + 44 };
        var kinds = figures.Functions.Where(static kind => kind.Latencies.Count > 0).OrderByDescending(static kind => kind.Latencies.Count).Take(MostCurves).ToArray();
        var axis = new LogAxis(kinds.Select(static kind => kind.Quantile(0.01) / 1e3).DefaultIfEmpty(0.001).Min(), kinds.Select(static kind => kind.Quantile(1) / 1e3).DefaultIfEmpty(1).Max(), Top, Bottom);
        axis.Draw(chart, Left, Right);
        foreach (var (share, name) in new[] { (0.0, "0"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %") })
        {
            chart.Line(X(share), Top, X(share), Bottom + 5, "grid");
            chart.Text(X(share), Bottom + 19, name, "mid");
        }

        chart.Line(Left, Bottom, Right, Bottom, "axis");
        chart.Text((Left + Right) / 2, Bottom + 37, "share of the calls answered ok that took no longer", "mid");
        chart.Text(0, Top + 30, "latency");
        var ends = new List<(KindFigures Kind, int Look, double X, double Y)>();
        for (var look = 0; look < kinds.Length; look++)
        {
            var (data, x, y) = Curve(kinds[look], axis);
            chart.Path(data, "curve", Title(kinds[look]), Stroke(look));
            foreach (var share in Marked.Where(share => kinds[look].Latencies.Count * (1 - share) >= 1))
                Mark(chart, look, X(share), axis.Y(kinds[look].Quantile(share) / 1e3));
            ends.Add((kinds[look], look, x, y));
        }

        Names(chart, [.. ends.OrderBy(static end => end.Y)]);
        if (kinds.Length == 0)
            chart.Text((Left + Right) / 2, (Top + Bottom) / 2, "nothing was answered ok", "mid");
        return chart;
    }

    /// <summary>Names stand at the right in the order of the curves' ends, pushed apart where those are close; a thin line joins each with its curve.</summary>
    private static void Names(SvgChart chart, (KindFigures Kind, int Look, double X, double Y)[] ends)
    {
        var places = ends.Select(static end => end.Y).ToArray();
        for (var name = 1; name < places.Length; name++)
            places[name] = Math.Max(places[name], places[name - 1] + SvgChart.LineHeight);
        var over = places.Length == 0 ? 0 : Math.Max(0, places[^1] - Bottom + 8);
        for (var name = places.Length - 1; name >= 0 && over > 0; name--)
            places[name] = Math.Min(places[name] - (name == places.Length - 1 ? over : 0), name == places.Length - 1 ? double.MaxValue : places[name + 1] - SvgChart.LineHeight);
        for (var name = 0; name < ends.Length; name++)
        {
            var end = ends[name];
            chart.Path($"M{SvgChart.Point(end.X, end.Y)}L{SvgChart.Point(Right + 6, places[name])}", "lead");
            chart.Line(Right + 8, places[name], Right + 44, places[name], "curve", Stroke(end.Look));
            Mark(chart, end.Look, Right + 26, places[name]);
            chart.Text(Right + 50, places[name] + 5, SvgChart.Fit(end.Kind.Name, SvgChart.Width - Right - 50), "", Title(end.Kind));
        }
    }

    private static string Stroke(int look) => $" stroke=\"{Looks[look].Colour}\" stroke-dasharray=\"{Looks[look].Dashes}\"";

    private static void Mark(SvgChart chart, int look, double x, double y) =>
        chart.Path($"M{SvgChart.Point(x, y)}{Looks[look].Mark}", "", null, $" fill=\"#fff\" stroke-width=\"1.5\" stroke=\"{Looks[look].Colour}\"");

    private static (string Data, double X, double Y) Curve(KindFigures kind, LogAxis axis)
    {
        // Of a thousand calls none says what share of a million is slower: the curve ends where there is but one call left.
        var nines = Math.Min(Nines, Math.Log10(kind.Latencies.Count));
        var path = new StringBuilder();
        var (x, y) = (Left, Bottom);
        const int Parts = 80;
        for (var part = 0; part <= Parts; part++)
        {
            var share = 1 - Math.Pow(10, -nines * part / Parts);
            (x, y) = (X(share), axis.Y(kind.Quantile(Math.Max(share, 1e-9)) / 1e3));
            path.Append(part == 0 ? 'M' : 'L').Append(SvgChart.Point(x, y));
        }

        return (path.ToString(), x, y);
    }

    private static double X(double share) => Left + (Math.Min(Nines, -Math.Log10(1 - share)) / Nines * (Right - Left));

    private static string Title(KindFigures kind) =>
        $"{kind.Name}: {FigureText.Count(kind.Latencies.Count)} answered ok, half within {FigureText.Duration(kind.Quantile(0.5) / 1e3)}, 99 of 100 within {FigureText.Duration(kind.Quantile(0.99) / 1e3)}, all within {FigureText.Duration(kind.Quantile(1) / 1e3)}";
}
