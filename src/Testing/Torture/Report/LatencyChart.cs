using System.Text;

namespace RaftStream.Testing;

/// <summary>How long calls took over the time of a run: single ones as marks, and of all that were answered ok what half and 99 of 100 did not exceed.</summary>
internal static class LatencyChart
{
    private const double Top = 56;
    private const double Bottom = 400;

    /// <summary>Draws it.</summary>
    public static SvgChart Draw(RunFigures figures)
    {
        var run = figures.Run;
        var chart = new SvgChart("Latency over time") { Height = Bottom + 44 };
        var time = new TimeAxis(run.Length);
        var drawn = figures.Sample.Drawn();
        var latencies = drawn.Select(static operation => LatencySample.Latency(operation) / 1e9).DefaultIfEmpty(0.001).ToArray();
        var axis = new LogAxis(latencies.Min(), latencies.Max(), Top, Bottom);
        foreach (var (from, to) in FaultLanes.Stretches(run))
            chart.Box(time.X(from), Top, Math.Max(1, time.X(to) - time.X(from)), Bottom - Top, "wash", $"faults in force from {FigureText.At(from)} to {FigureText.At(to)}");
        time.Draw(chart, Top, Bottom);
        axis.Draw(chart, TimeAxis.Left, TimeAxis.Right);
        chart.Text(0, Top + 14, "from call");
        chart.Text(0, Top + 14 + SvgChart.LineHeight, "to answer,");
        chart.Text(0, Top + 14 + (2 * SvgChart.LineHeight), "at the time");
        chart.Text(0, Top + 14 + (3 * SvgChart.LineHeight), "of the call");
        foreach (var operation in drawn)
            Mark(chart, time.X(operation.Invoked / 1e9), axis.Y(LatencySample.Latency(operation) / 1e9), operation.Answer.Kind, Title(operation));
        chart.Path(Quantile(figures, time, axis, 0.99), "most");
        chart.Path(Quantile(figures, time, axis, 0.5), "half");
        Legend(chart, figures.Sample.Offered > drawn.Count ? $"{FigureText.Count(drawn.Count)} of {FigureText.Count(figures.Sample.Offered)} calls drawn" : "all calls drawn");
        return chart;
    }

    private static void Legend(SvgChart chart, string drawn)
    {
        var x = TimeAxis.Left + 6;
        foreach (var (kind, name) in new[] { (AnswerKind.Ok, "ok"), (AnswerKind.Failed, "failed"), (AnswerKind.Unknown, "unknown") })
        {
            Mark(chart, x, 13, kind, null);
            chart.Text(x + 12, 18, name);
            x += 12 + SvgChart.WidthOf(name) + 26;
        }

        foreach (var (look, name) in new[] { ("half", "half of ok calls were faster"), ("most", "99 of 100 were faster") })
        {
            chart.Line(x, 13, x + 30, 13, look);
            chart.Text(x + 38, 18, name);
            x += 38 + SvgChart.WidthOf(name) + 26;
        }

        chart.Box(TimeAxis.Left, 29, 24, 13, "wash");
        chart.Text(TimeAxis.Left + 32, 40, "faults in force");
        chart.Text(TimeAxis.Right, 40, drawn, "end");
    }

    private static void Mark(SvgChart chart, double x, double y, AnswerKind kind, string? title)
    {
        if (kind == AnswerKind.Ok)
            chart.Path($"M{SvgChart.Point(x - 2, y)}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0z", "dot", title);
        else if (kind == AnswerKind.Failed)
            chart.Path($"M{SvgChart.Point(x - 4, y - 4)}l8 8m0 -8l-8 8", "cross", title);
        else
            chart.Path($"M{SvgChart.Point(x, y - 5)}l5 9h-10z", "peak", title);
    }

    private static string Quantile(RunFigures figures, TimeAxis time, LogAxis axis, double share)
    {
        var path = new StringBuilder();
        var bin = figures.Run.Length / 1e9 / RunFigures.Bins;
        var isOpen = false;
        for (var number = 0; number < RunFigures.Bins; number++)
        {
            var latencies = figures.OverTime[number];
            if (latencies.Count == 0)
            {
                isOpen = false;
                continue;
            }

            var y = axis.Y(latencies.Percentile(share) / 1e3);
            path.Append(isOpen ? 'L' : 'M').Append(SvgChart.Point(time.X(number * bin), y)).Append('L').Append(SvgChart.Point(time.X((number + 1) * bin), y));
            isOpen = true;
        }

        return path.ToString();
    }

    private static string Title(RunOperation operation)
    {
        var end = operation.Answer.Kind switch
        {
            AnswerKind.Ok => "ok",
            AnswerKind.Failed => "failed",
            _ => "unknown",
        };
        var level = operation.Call.Level is { } some ? $" ({some})" : "";
        return $"{FigureText.At(operation.Invoked / 1e9)}: {FigureText.Function(operation.Call.Function)}{level} {operation.Call.Key} through node {operation.Node}, {end} after {FigureText.Duration(LatencySample.Latency(operation) / 1e9)}";
    }
}
