using System.Globalization;

namespace RaftStream.Testing;

/// <summary>Draws leaderships and faults over time: a row for the leaders, and one for each nemesis with its name, so that no colour need tell them apart.</summary>
internal sealed class FaultLanes(SvgChart chart, TimeAxis time, RunRecord run)
{
    /// <summary>The most rows of nemeses; those that struck less often share one.</summary>
    public const int MostLanes = 30;

    /// <summary>The most bars and ticks: what is closer than a point is one.</summary>
    public const int MostMarks = 1_500;

    private const double LaneHeight = 19;
    private const double LineHeight = SvgChart.LineHeight;
    private const int MostTurns = 40;

    /// <summary>Light, so that print and text on them stay legible; neighbours differ.</summary>
    private static readonly string[] Colours = ["#bcd7f2", "#f6cfa8", "#c8e6c0", "#f2bcc6", "#d8c8ee", "#f4e6a0", "#b8e4e2", "#e3cdb8", "#dadada", "#eac4e4"];

    /// <summary>Draws from a height downwards; tells where it ended.</summary>
    public double Draw(double top)
    {
        chart.Box(TimeAxis.Left, top + 2, 24, 13, "fault", null, " fill=\"#dadada\"");
        chart.Text(TimeAxis.Left + 32, top + 14, "fault in force");
        chart.Box(TimeAxis.Left + 190, top + 2, 24, 13, "idle");
        chart.Box(TimeAxis.Left + 219, top + 5, 4, 7, "idle", null, " style=\"stroke-width:.7;stroke-dasharray:none\"");
        chart.Text(TimeAxis.Left + 231, top + 14, "fault that was not seen to take effect");
        chart.Line(TimeAxis.Left + 560, top, TimeAxis.Left + 560, top + 17, "term");
        chart.Text(TimeAxis.Left + 568, top + 14, "n2 t5: node 2, term 5");
        var y = Leaders(top + 26);
        var groups = run.Faults.GroupBy(static fault => fault.Nemesis, StringComparer.Ordinal).ToArray();
        var own = groups.Length <= MostLanes ? groups : [.. groups.OrderByDescending(static group => group.Count()).Take(MostLanes - 1)];
        var lane = 0;
        foreach (var group in own.OrderBy(static group => group.Key, StringComparer.Ordinal))
            y = Lane(y, group.Key, [.. group], Colours[lane++ % Colours.Length]);
        if (own.Length < groups.Length)
            y = Lane(y, "others", [.. groups.Except(own).SelectMany(static group => group)], Colours[lane % Colours.Length]);
        if (groups.Length == 0)
            y = Lane(y, "no faults", [], Colours[0]);
        return y;
    }

    /// <summary>Stretches of time in which some fault was in force, in seconds, joined where they are closer than a point.</summary>
    public static IReadOnlyList<(double From, double To)> Stretches(RunRecord run)
    {
        var closer = run.Length / 1e9 / (TimeAxis.Right - TimeAxis.Left);
        var joined = new List<(double From, double To)>();
        foreach (var fault in run.Faults.OrderBy(static fault => fault.Began))
        {
            var (from, to) = (fault.Began / 1e9, Math.Max(fault.Began, fault.Ended) / 1e9);
            if (joined.Count > 0 && from - joined[^1].To <= closer)
                joined[^1] = (joined[^1].From, Math.Max(joined[^1].To, to));
            else
                joined.Add((from, to));
        }

        return joined;
    }

    /// <summary>Draws thin lines through a plot where the leader changed, unless they would hide it.</summary>
    public void Turns(double top, double bottom)
    {
        if (run.Leaders.Count > MostTurns)
            return;
        foreach (var leader in run.Leaders)
            chart.Line(time.X(leader.At / 1e9), top, time.X(leader.At / 1e9), bottom, "turn");
    }

    /// <summary>Each leadership has a tick and, where there is room for it in one of two lines, its node and term beside it.</summary>
    private double Leaders(double top)
    {
        chart.Text(0, top + 14, $"leaders ({FigureText.Count(run.Leaders.Count)})");
        double[] free = [0, 0];
        var last = double.MinValue;
        var marks = 0;
        foreach (var leader in run.Leaders.OrderBy(static leader => leader.At))
        {
            var x = time.X(leader.At / 1e9);
            if (x - last < 1 || ++marks > MostMarks)
                continue;
            last = x;
            chart.Line(x, top + 36, x, top + 43, "term");
            var name = string.Create(CultureInfo.InvariantCulture, $"n{leader.Node} t{leader.Term}");
            var line = free[0] <= x ? 0 : 1;
            if (free[line] > x || x + 4 + SvgChart.WidthOf(name) > SvgChart.Width)
            {
                chart.Box(x - 2, top + 34, 4, 9, "hit", Title(leader));
                continue;
            }

            // A tick stays in the line of its name: it must not run through the other one.
            chart.Line(x, top + (line * LineHeight), x, top + (line * LineHeight) + 16, "term");
            chart.Text(x + 4, top + 13 + (line * LineHeight), name, "", Title(leader));
            free[line] = x + 8 + SvgChart.WidthOf(name);
        }

        return top + 48;
    }

    private double Lane(double top, string name, RunFault[] faults, string colour)
    {
        var seconds = faults.Sum(static fault => Math.Max(0, fault.Ended - fault.Began) / 1e9);
        chart.Text(0, top + 14, SvgChart.Fit(name, TimeAxis.Left - 10), "", $"{name}: {FigureText.Count(faults.Length)} faults, {FigureText.Duration(seconds)} in all");
        chart.Line(TimeAxis.Left, top + (LaneHeight / 2), TimeAxis.Right, top + (LaneHeight / 2), "lane");
        var marks = 0;
        foreach (var near in Near(faults))
        {
            if (++marks > MostMarks / MostLanes * 10)
                break;
            Bar(near, top, colour);
        }

        return top + LaneHeight;
    }

    /// <summary>Faults that would be drawn over each other.</summary>
    private IEnumerable<List<RunFault>> Near(RunFault[] faults)
    {
        var near = new List<RunFault>();
        var end = 0.0;
        foreach (var fault in faults.OrderBy(static fault => fault.Began))
        {
            if (near.Count > 0 && time.X(fault.Began / 1e9) - end > 1)
            {
                yield return near;
                near = [];
            }

            near.Add(fault);
            end = Math.Max(near.Count == 1 ? 0 : end, Math.Max(time.X(fault.Ended / 1e9), time.X(fault.Began / 1e9) + 2));
        }

        if (near.Count > 0)
            yield return near;
    }

    private void Bar(List<RunFault> faults, double top, string colour)
    {
        var left = time.X(faults[0].Began / 1e9);
        var width = Math.Max(2, time.X(faults.Max(static fault => fault.Ended) / 1e9) - left);
        var tookEffect = faults.Exists(static fault => fault.TookEffect);
        var title = string.Join('\n', faults.Take(5).Select(Title)) + (faults.Count > 5 ? $"\nand {faults.Count - 5} more" : "");

        // A narrow bar is nearly all outline: a thin one, and instead of dashes, for which there is no room, half the height.
        var isNarrow = width < 6;
        var extra = (tookEffect ? $" fill=\"{colour}\"" : "") + (isNarrow ? " style=\"stroke-width:.7;stroke-dasharray:none\"" : "");
        var (down, height) = isNarrow && !tookEffect ? (6, LaneHeight - 12) : (2, LaneHeight - 4);
        chart.Box(left, top + down, width, height, tookEffect ? "fault" : "idle", title, extra);
        var struck = string.Join(' ', faults[0].Nodes);
        if (faults.Count == 1 && SvgChart.WidthOf(struck) + 4 <= width)
            chart.Text(left + (width / 2), top + 14, struck, "mid", title);
    }

    private static string Title(RunFault fault) =>
        $"{fault.Nemesis}: {fault.What}\n{FigureText.At(fault.Began / 1e9)} to {FigureText.At(fault.Ended / 1e9)}, nodes {string.Join(' ', fault.Nodes)}; {(fault.TookEffect ? "took effect" : "not seen to take effect")}";

    private static string Title(RunLeader leader) => string.Create(CultureInfo.InvariantCulture, $"{FigureText.At(leader.At / 1e9)}: node {leader.Node} leads in term {leader.Term}");
}
