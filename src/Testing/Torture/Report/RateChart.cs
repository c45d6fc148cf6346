using System.Text;

namespace RaftStream.Testing;

/// <summary>
/// The time line of a run: who led, which faults were in force, how many operations ended a second and how, and how much of each second was served. All
/// over one axis of time, so that the eye finds cause and effect one above the other.
/// </summary>
internal static class RateChart
{
    private const double OkHeight = 150;
    private const double Between = 22;
    private const double OthersHeight = 80;
    private const double PlotHeight = OkHeight + Between + OthersHeight;
    private const double ServedHeight = 60;

    /// <summary>Sizes of a bin, in windows; of the first that makes few enough bins.</summary>
    private static readonly int[] Sizes = [1, 5, 10, 20, 50, 100, 200, 300, 600, 1_200, 3_000, 6_000, 18_000, 36_000];

    private const int MostBins = 600;

    /// <summary>Draws it.</summary>
    public static SvgChart Draw(RunFigures figures)
    {
        var run = figures.Run;
        var chart = new SvgChart("Leaders, faults, operations a second and availability over time");
        var time = new TimeAxis(run.Length);
        var lanes = new FaultLanes(chart, time, run);
        var y = Gap(chart, time, figures.Windows, lanes.Draw(4));
        var size = SizeOf(figures.Windows.Count, figures.Windows.Count < 10 * RunWindows.PerSecond ? 1 : 5);
        y = Legend(chart, y + 8);
        var top = y + 10;
        var served = top + PlotHeight + 26;
        time.Draw(chart, top, served + ServedHeight);
        Rates(chart, time, figures.Windows, size, top);
        lanes.Turns(top, top + PlotHeight);
        Served(chart, time, figures.Windows, SizeOf(figures.Windows.Count, RunWindows.PerSecond), served);
        chart.Height = served + ServedHeight + 44;
        return chart;
    }

    private static int SizeOf(int windows, int least) =>
        Sizes.FirstOrDefault(size => size >= least && windows / size <= MostBins, Math.Max(least, (windows / MostBins) + 1));

    /// <summary>The longest gap has a row of its own, as a fault has: it is what a reader asks for first.</summary>
    private static double Gap(SvgChart chart, TimeAxis time, RunWindows windows, double top)
    {
        var (from, to) = (windows.LongestGap.From / 1e9, windows.LongestGap.To / 1e9);
        var text = FigureText.Duration(to - from);
        var (left, right) = (time.X(from), Math.Max(time.X(from) + 2, time.X(to)));
        chart.Text(0, top + 14, "longest gap", "", "the longest time in which nothing was answered ok");
        chart.Box(left, top + 6, right - left, 6, "gap", $"nothing was answered ok from {FigureText.At(from)} to {FigureText.At(to)}");
        if (right + 6 + SvgChart.WidthOf(text) < SvgChart.Width)
            chart.Text(right + 6, top + 14, text);
        else if (left - 6 - SvgChart.WidthOf(text) > TimeAxis.Left)
            chart.Text(left - 6, top + 14, text, "end");
        else
            chart.Text(time.X(double.MaxValue) - 6, top + 28, text, "end");
        return top + 32;
    }

    private static double Legend(SvgChart chart, double top)
    {
        var x = TimeAxis.Left;
        foreach (var (look, name) in new[] { ("ok", "ok"), ("failed", "failed: certainly not done"), ("unknown", "unknown: perhaps done") })
        {
            chart.Box(x, top + 2, 24, 13, look);
            chart.Text(x + 32, top + 14, name);
            x += 32 + SvgChart.WidthOf(name) + 30;
        }

        return top + 18;
    }

    /// <summary>What was answered ok has a plot of its own: beside it the few that were not would be a line too thin to see.</summary>
    private static void Rates(SvgChart chart, TimeAxis time, RunWindows windows, int size, double top)
    {
        var bins = Bins(windows.Count, size);
        var rates = bins.Select(bin => Enumerable.Range(0, 3).Select(kind => windows.Sum((AnswerKind)kind, bin.From, bin.To) * (double)RunWindows.PerSecond / (bin.To - bin.From)).ToArray()).ToArray();
        chart.Text(0, top + 12, "ok a second");
        Plot(chart, time, bins, [([.. rates.Select(static rate => rate[0])], "ok")], top, OkHeight, 4);
        var others = top + OkHeight + Between;
        chart.Text(0, others + 12, "failed and");
        chart.Text(0, others + 12 + SvgChart.LineHeight, "unknown a");
        chart.Text(0, others + 12 + (2 * SvgChart.LineHeight), "second, stacked");
        Plot(chart, time, bins, [([.. rates.Select(static rate => rate[1])], "failed"), ([.. rates.Select(static rate => rate[2])], "unknown")], others, OthersHeight, 2);
        for (var bin = 0; bin < bins.Length; bin++)
        {
            var (from, to) = Seconds(bins[bin]);
            var title = $"{FigureText.At(from)} to {FigureText.At(to)}: {FigureText.Rate(rates[bin][0])} ok, {FigureText.Rate(rates[bin][1])} failed, {FigureText.Rate(rates[bin][2])} unknown";
            chart.Box(time.X(from), top, time.X(to) - time.X(from), PlotHeight, "hit", title);
        }
    }

    private static void Plot(SvgChart chart, TimeAxis time, (int From, int To)[] bins, (double[] Rates, string Look)[] layers, double top, double height, int intervals)
    {
        var ticks = TimeAxis.RoundTicks(Enumerable.Range(0, bins.Length).Max(bin => layers.Sum(layer => layer.Rates[bin])), intervals);
        var bottom = top + height;
        double Y(double rate) => bottom - (rate / ticks[^1] * height);
        foreach (var tick in ticks)
        {
            chart.Line(TimeAxis.Left - 5, Y(tick), TimeAxis.Right, Y(tick), "grid");
            chart.Text(TimeAxis.Left - 10, Y(tick) + 5, FigureText.Digits(tick), "end");
        }

        var below = new double[bins.Length];
        foreach (var (rates, look) in layers)
        {
            var above = below.Zip(rates, static (low, rate) => low + rate).ToArray();
            chart.Path(Area(time, bins, below, above, Y), look);
            below = above;
        }

        chart.Line(TimeAxis.Left, top, TimeAxis.Left, bottom, "axis");
        chart.Line(TimeAxis.Left, bottom, TimeAxis.Right, bottom, "axis");
    }

    private static void Served(SvgChart chart, TimeAxis time, RunWindows windows, int size, double top)
    {
        var bins = Bins(windows.Count, size);
        var shares = bins.Select(bin => (double)windows.Served(bin.From, bin.To) / (bin.To - bin.From)).ToArray();
        var bottom = top + ServedHeight;
        double Y(double share) => bottom - (share * ServedHeight);
        chart.Text(0, top + 12, "availability", "", "the share of tenths of a second in which something was answered ok");
        chart.Text(0, top + 12 + SvgChart.LineHeight, "of each");
        chart.Text(0, top + 12 + (2 * SvgChart.LineHeight), size == RunWindows.PerSecond ? "second" : FigureText.Duration((double)size / RunWindows.PerSecond));
        foreach (var tick in new[] { 0.0, 0.5, 1 })
        {
            chart.Line(TimeAxis.Left - 5, Y(tick), TimeAxis.Right, Y(tick), "grid");
            chart.Text(TimeAxis.Left - 10, Y(tick) + 5, FigureText.Share(tick).Replace(".0", "", StringComparison.Ordinal), "end");
        }

        chart.Path(Area(time, bins, new double[bins.Length], shares, Y), "ok");
        chart.Line(TimeAxis.Left, top, TimeAxis.Left, bottom, "axis");
        for (var bin = 0; bin < bins.Length; bin++)
        {
            var (from, to) = Seconds(bins[bin]);
            chart.Box(time.X(from), top, time.X(to) - time.X(from), ServedHeight, "hit", $"{FigureText.At(from)} to {FigureText.At(to)}: {FigureText.Share(shares[bin])} of the tenths of a second had something answered ok");
        }
    }

    /// <summary>Steps, one a bin, between two heights; stretches in which both are the same are left out, or their outline would look like an area.</summary>
    private static string Area(TimeAxis time, (int From, int To)[] bins, double[] below, double[] above, Func<double, double> y)
    {
        var path = new StringBuilder();
        for (var first = 0; first < bins.Length; first++)
        {
            if (above[first] <= below[first])
                continue;
            var end = first;
            while (end < bins.Length && above[end] > below[end])
                end++;
            var back = new StringBuilder();
            for (var bin = first; bin < end; bin++)
            {
                var (left, right) = (time.X(Seconds(bins[bin]).From), time.X(Seconds(bins[bin]).To));
                path.Append(bin == first ? 'M' : 'L').Append(SvgChart.Point(left, y(above[bin]))).Append('L').Append(SvgChart.Point(right, y(above[bin])));
                back.Insert(0, $"L{SvgChart.Point(right, y(below[bin]))}L{SvgChart.Point(left, y(below[bin]))}");
            }

            path.Append(back).Append('Z');
            first = end;
        }

        return path.ToString();
    }

    private static (int From, int To)[] Bins(int windows, int size) =>
        [.. Enumerable.Range(0, (windows + size - 1) / size).Select(bin => (bin * size, Math.Min(windows, (bin + 1) * size)))];

    private static (double From, double To) Seconds((int From, int To) bin) => ((double)bin.From / RunWindows.PerSecond, (double)bin.To / RunWindows.PerSecond);
}
