using RaftStream.StreamStateMachine;

namespace RaftStream.Samples;

/// <summary>
/// Watches one machine's temperature: mean and maximum of each hour by the plant's clocks, an alert where a reading lies far from those of the day before it, and the gaps in which nothing came.
/// </summary>
public sealed class SensorJob
{
    /// <summary>Readings come every five minutes; more than this between two is a gap.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>An alert: so many standard deviations from the mean.</summary>
    public const double AlertScore = 4;

    public SensorJob(string path)
    {
        var schema = new CsvSchema(CsvColumn.Timestamp("timestamp", "yyyy-MM-dd HH:mm:ss", PlantTime), CsvColumn.Number("value"));
        var builder = new StreamBuilder("sensor");
        var readings = builder
            .From("readings", Sources.Csv(path, schema), EventTime.Of<CsvRow>(row => row.GetTimestamp("timestamp")))
            .Map(row => row.GetNumber("value"))
            .KeyBy(_ => "machine");
        var hours = Window.Tumbling(TimeSpan.FromHours(1), PlantTime);
        Mean = readings.Window(hours).Retain(TimeSpan.FromDays(100)).Average("mean", value => value);
        Max = readings.Window(hours).Retain(TimeSpan.FromDays(100)).Max("max", value => value);
        readings.Window(Window.Sliding(TimeSpan.FromDays(1))).Aggregate("score", Score).ToStream()
            .Filter(change => Math.Abs(change.Value) >= AlertScore)
            .ToSubscription("alerts", format: change => FormattableString.Invariant($"{change.Key.Window.End - 1} {change.Value:F2}"));
        readings.Process("find-gaps", () => new GapFinder(LongestPause), Codecs.Text).ToStream().ToSubscription("gaps", format: gap => gap.Value);
        Job = builder.Build();
    }

    /// <summary>The plant's clocks: an hour ahead of UTC in (the southern) summer, which ends on 7 January at three o'clock. The hour from two to three comes twice then.</summary>
    public static TimeZoneInfo PlantTime { get; } = TimeZoneInfo.CreateCustomTimeZone(
        "plant",
        TimeSpan.Zero,
        "plant",
        "plant",
        "plant in summer",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                new DateTime(2013, 1, 1), new DateTime(2014, 12, 31), TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 2, 0, 0), 10, 1),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 3, 0, 0), 1, 7)),
        ]);

    /// <summary>How many standard deviations the latest reading of a window lies from the window's mean.</summary>
    public static Aggregation<double, ((long First, double Second) First, (double First, double Second) Second), double> Score { get; } = new(
        "z-score",
        default,
        (acc, value) => ((acc.First.First + 1, acc.First.Second + value), (acc.Second.First + (value * value), value)),
        acc =>
        {
            var ((count, sum), (squares, last)) = acc;
            var mean = sum / count;
            var variance = (squares / count) - (mean * mean);
            return variance > 1e-9 ? (last - mean) / Math.Sqrt(variance) : 0;
        },
        Codecs.Pair(Codecs.Pair(Codecs.Int64, Codecs.Double), Codecs.Pair(Codecs.Double, Codecs.Double)),
        Codecs.Double);

    public Job Job { get; }

    public Table<Windowed<string>, double> Mean { get; }

    public Table<Windowed<string>, double> Max { get; }

    /// <summary>Tells where nothing came for longer than it should.</summary>
    private sealed class GapFinder : ProcessFunction<string, double, string>
    {
        private readonly ValueState<long> _last;
        private readonly long _longest;

        public GapFinder(TimeSpan longest) => (_last, _longest) = (DeclareValue<long>("last"), (long)longest.TotalMilliseconds);

        public override void Process(double value, ProcessContext<string, string> context)
        {
            if (_last.TryGet(out var last) && context.Time - last > _longest)
                context.Emit(FormattableString.Invariant($"{last} {context.Time}"));
            _last.Set(context.Time);
        }
    }
}
