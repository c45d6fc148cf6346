namespace RaftStream.Testing;

/// <summary>An axis of latencies that grows tenfold with each step up: fast answers and lost ones are both seen on it.</summary>
internal sealed class LogAxis
{
    private readonly int _low;
    private readonly int _high;
    private readonly double _top;
    private readonly double _bottom;

    /// <param name="least">The least latency to be seen, in seconds.</param>
    /// <param name="most">The greatest.</param>
    /// <param name="top">Where the axis ends.</param>
    /// <param name="bottom">Where it begins.</param>
    public LogAxis(double least, double most, double top, double bottom)
    {
        // From a microsecond to ten days; what is outside is drawn at the end.
        _low = (int)Math.Floor(Math.Log10(Math.Clamp(least, 1e-6, 1e6)) + 1e-9);
        _high = Math.Max(_low + 1, (int)Math.Ceiling(Math.Log10(Math.Clamp(most, 1e-6, 1e6)) - 1e-9));
        (_top, _bottom) = (top, bottom);
    }

    /// <summary>Where a latency in seconds is.</summary>
    public double Y(double seconds) =>
        _bottom - (Math.Clamp((Math.Log10(Math.Max(seconds, 1e-9)) - _low) / (_high - _low), 0, 1) * (_bottom - _top));

    /// <summary>Draws the axis left of a plot, with a line at each power of ten and a thin one at two and five of it.</summary>
    public void Draw(SvgChart chart, double left, double right)
    {
        for (var power = _low; power <= _high; power++)
        {
            var one = Math.Pow(10, power);
            chart.Line(left - 5, Y(one), right, Y(one), "grid", " style=\"stroke:#bbb\"");
            chart.Text(left - 10, Y(one) + 5, FigureText.Duration(one), "end");
            foreach (var part in power < _high ? new[] { 2, 5 } : [])
                chart.Line(left, Y(one * part), right, Y(one * part), "grid");
        }

        chart.Line(left, _top, left, _bottom, "axis");
    }
}
