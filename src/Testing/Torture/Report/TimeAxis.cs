using System.Globalization;

namespace RaftStream.Testing;

/// <summary>The time of a run as pictures have it, from left to right: the same in each, so that they can be laid one above the other.</summary>
internal sealed class TimeAxis
{
    /// <summary>Where the plots begin; the names of rows and axes stand left of it.</summary>
    public const double Left = 176;

    /// <summary>Where they end.</summary>
    public const double Right = SvgChart.Width - 22;

    private static readonly double[] Steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];

    private readonly double _seconds;

    /// <param name="length">How long the run is, in nanoseconds.</param>
    public TimeAxis(long length) => _seconds = Math.Max(length / 1e9, 0.1);

    /// <summary>Where a moment is, in seconds from the start; what lies outside of the run is at its ends.</summary>
    public double X(double seconds) => Left + (Math.Clamp(seconds / _seconds, 0, 1) * (Right - Left));

    /// <summary>Draws the axis under a plot.</summary>
    /// <param name="chart">The picture.</param>
    /// <param name="top">The top of all plots that the thin lines go through.</param>
    /// <param name="bottom">Where the axis is; it takes 40 points below.</param>
    public void Draw(SvgChart chart, double top, double bottom)
    {
        var step = Steps.FirstOrDefault(step => _seconds / step <= 12, 86_400 * Math.Max(1, Math.Ceiling(_seconds / 86_400 / 12)));
        var (unit, name) = step >= 3_600 ? (3_600, "hours") : step >= 60 ? (60, "minutes") : (1, "seconds");
        for (var tick = 0; tick * step <= _seconds * 1.000001; tick++)
        {
            var x = X(tick * step);
            chart.Line(x, top, x, bottom, "grid");
            chart.Line(x, bottom, x, bottom + 5, "axis");
            chart.Text(x, bottom + 19, (tick * step / unit).ToString("0.#", CultureInfo.InvariantCulture), "mid");
        }

        chart.Line(Left, bottom, Right, bottom, "axis");
        chart.Text((Left + Right) / 2, bottom + 37, $"time since the start, in {name}", "mid");
    }

    /// <summary>Ticks at round numbers from 0 to at least a value.</summary>
    public static double[] RoundTicks(double most, int intervals)
    {
        if (most <= 0)
            return [0, 1];
        var raw = most / intervals;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10);
        return [.. Enumerable.Range(0, (int)Math.Ceiling((most / step) - 1e-9) + 1).Select(tick => tick * step)];
    }
}
