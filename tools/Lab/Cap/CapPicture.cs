using System.Globalization;
using RaftStream.Testing;

namespace RaftStream.Lab.Cap;

/// <summary>Draws the time of the experiment: for each client a row with what was served, refused and unknown, and for each level of reads how old they were.</summary>
internal sealed class CapPicture(CapRecord run)
{
    private const int MostCells = 240;
    private const double RowHeight = 22;
    private const double PlotHeight = 46;
    private readonly TimeAxis _time = new((long)(run.Phases[^1].To.TotalSeconds * 1e9));

    /// <summary>Who was served when.</summary>
    public SvgChart Rows()
    {
        var chart = new SvgChart("What was served at each level on each side of the cut, over time");
        Legend(chart);
        var y = 44.0;
        var top = y;
        foreach (var side in Enum.GetValues<CapSide>())
        {
            chart.Text(0, y + 13, Title(side));
            y += RowHeight;
            foreach (var operations in run.Operations.Where(operations => operations[0].Side == side))
            {
                chart.Text(TimeAxis.Left - 8, y + 14, operations[0].Level.Name, "end");
                Cells(chart, operations, y);
                y += RowHeight;
            }
        }

        Bands(chart, top, y, isOver: true);
        _time.Draw(chart, top, y + 4);
        chart.Height = y + 48;
        return chart;
    }

    /// <summary>How old reads at the smaller part were: how long before a read the first add that it lacked had been acknowledged.</summary>
    public SvgChart Ages()
    {
        var chart = new SvgChart("How old reads at the smaller part were, over time");
        var reads = run.Operations.Where(static operations => operations[0] is { Side: CapSide.Minority, Level.IsWrite: false }).ToList();
        var ages = reads.ConvertAll(operations => operations.Where(static read => read.End == CapEnd.Served)
            .Select(read => (At: read.Began.TotalSeconds, Age: run.Ticks.Lacked(read.Value, read.Began)?.TotalSeconds ?? 0)).ToList());
        var most = Math.Max(1, ages.SelectMany(static some => some).Select(static one => one.Age).DefaultIfEmpty().Max());
        const double Top = 8;
        var y = Top;
        foreach (var (place, some) in ages.Index())
        {
            Bands(chart, y, y + PlotHeight, isOver: false);
            chart.Text(TimeAxis.Left - 8, y + (PlotHeight / 2) + 5, reads[place][0].Level.Name, "end");
            chart.Line(TimeAxis.Left, y + PlotHeight, TimeAxis.Right, y + PlotHeight, "axis");
            foreach (var (at, age) in some)
                chart.Line(_time.X(at), y + PlotHeight, _time.X(at), y + PlotHeight - Math.Max(1.5, age / most * (PlotHeight - 14)), "half");
            var oldest = some.Select(static one => one.Age).DefaultIfEmpty().Max();
            chart.Text(TimeAxis.Right, y + 12, string.Create(CultureInfo.InvariantCulture, $"oldest {oldest:0.00} s"), "end");
            y += PlotHeight + 8;
        }

        _time.Draw(chart, Top, y);
        chart.Height = y + 44;
        return chart;
    }

    private static string Title(CapSide side) => side switch
    {
        CapSide.Majority => "larger part",
        CapSide.Minority => "smaller part",
        _ => "from node to node",
    };

    private static void Legend(SvgChart chart)
    {
        chart.Box(TimeAxis.Left, 6, 22, 14, "ok");
        chart.Text(TimeAxis.Left + 30, 18, "served");
        chart.Box(TimeAxis.Left + 120, 6, 22, 14, "failed");
        chart.Text(TimeAxis.Left + 150, 18, "refused");
        chart.Box(TimeAxis.Left + 246, 6, 22, 14, "unknown");
        chart.Text(TimeAxis.Left + 276, 18, "unknown");
        chart.Line(TimeAxis.Left + 391, 6, TimeAxis.Left + 391, 20, "most");
        chart.Text(TimeAxis.Left + 402, 18, "cut in two from here, or up to here");
    }

    /// <summary>A cell for each short stretch of time, in parts as what was asked for in it ended; what took longer is a bar of its own, up to its end.</summary>
    private void Cells(SvgChart chart, IReadOnlyList<CapOperation> operations, double y)
    {
        var length = run.Phases[^1].To / MostCells;
        foreach (var cell in operations.Where(operation => operation.Ended - operation.Began <= length).GroupBy(operation => Math.Min(MostCells - 1, (int)(operation.Began / length))))
        {
            var (x, end) = (_time.X((cell.Key * length).TotalSeconds), _time.X(((cell.Key + 1) * length).TotalSeconds));
            var bottom = y + RowHeight - 4;
            foreach (var ended in cell.GroupBy(static operation => operation.End).OrderBy(static group => group.Key))
            {
                var height = (RowHeight - 4) * ended.Count() / cell.Count();
                chart.Box(x, bottom - height, end - x, height, Look(ended.Key), null, " style=\"stroke-width:.3\"");
                bottom -= height;
            }
        }

        foreach (var slow in operations.Where(operation => operation.Ended - operation.Began > length))
        {
            var (x, end) = (_time.X(slow.Began.TotalSeconds), _time.X(slow.Ended.TotalSeconds));
            chart.Box(x, y, end - x, RowHeight - 4, Look(slow.End), null, " style=\"stroke-width:.6\"");
        }
    }

    private void Bands(SvgChart chart, double top, double bottom, bool isOver)
    {
        foreach (var phase in run.Phases.Where(static phase => phase.IsCut))
        {
            var (from, to) = (_time.X(phase.From.TotalSeconds), _time.X(phase.To.TotalSeconds));
            if (!isOver)
                chart.Box(from, top, to - from, bottom - top, "wash");
            foreach (var x in (ReadOnlySpan<double>)[from, to])
                chart.Line(x, top, x, bottom, "most");
            if (isOver)
                chart.Text((from + to) / 2, top + 14, phase.Name, "mid");
        }
    }

    private static string Look(CapEnd end) => end switch
    {
        CapEnd.Served => "ok",
        CapEnd.Refused => "failed",
        _ => "unknown",
    };
}
