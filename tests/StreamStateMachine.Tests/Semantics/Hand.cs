using System.Globalization;
using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>What the cases by hand have in common. Records are text: "key@time" or "key:value@time", times in milliseconds.</summary>
internal static class Hand
{
    public static TimeSpan Ms(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    public static string KeyOf(string record) => record[..record.AsSpan().IndexOfAny(':', '@')];

    public static string ValueOf(string record) => record[(record.IndexOf(':', StringComparison.Ordinal) + 1)..record.IndexOf('@', StringComparison.Ordinal)];

    public static long TimeOf(string record) => long.Parse(record.AsSpan(record.IndexOf('@', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);

    /// <summary>The time in the record, with a bound on how far records are out of order.</summary>
    public static EventTime<string> Time(long bound = 0) => EventTime.Of<string>(TimeOf, Ms(bound));

    /// <summary>The values of the records in the order in which they were taken in.</summary>
    public static Aggregation<string, string, string> Values { get; } = new(
        "values", "", static (values, record) => values + ValueOf(record), static values => values, Codecs.Text, Codecs.Text, static (left, right) => left + right);

    /// <summary>A job that counts by key and window; the sink "out" has "key start-end: count".</summary>
    public static JobHarness Counting(WindowAssigner windows, Func<WindowedStream<string, string>, WindowedStream<string, string>>? with = null, long bound = 0)
    {
        var builder = new StreamBuilder("job");
        var windowed = builder.Ingest("in", Time(bound)).KeyBy(KeyOf).Window(windows);
        (with?.Invoke(windowed) ?? windowed).Count("windows").ToStream().ToSubscription("out", format: Show);
        return new(builder.Build());
    }

    /// <summary>The same with the sink "late" for the records that come too late.</summary>
    public static JobHarness CountingWithLate(WindowAssigner windows, long lateness = 0)
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Time()).KeyBy(KeyOf).Window(windows).AllowedLateness(Ms(lateness)).LateTo(out var late)
            .Count("windows").ToStream().ToSubscription("out", format: Show);
        late.ToSubscription("late", format: static record => record.Value);
        return new(builder.Build());
    }

    /// <summary>A job with the values of each window; the sink "out" has "key start-end: values".</summary>
    public static JobHarness Listing(WindowAssigner windows, Func<WindowedStream<string, string>, WindowedStream<string, string>>? with = null, long bound = 0)
    {
        var builder = new StreamBuilder("job");
        var windowed = builder.Ingest("in", Time(bound)).KeyBy(KeyOf).Window(windows);
        (with?.Invoke(windowed) ?? windowed).Aggregate("windows", Values).ToStream().ToSubscription("out", format: Show);
        return new(builder.Build());
    }

    /// <summary>A process function whose outputs are the sink "out".</summary>
    public static JobHarness Process(Func<ProcessFunction<string, string, string>> make)
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Time()).KeyBy(KeyOf).Process("process", make).ToStream().ToSubscription("out", format: static output => output.Value);
        return new(builder.Build());
    }

    /// <summary>How many records came too late for an operator.</summary>
    public static long LateAt(JobHarness job, string operatorName) => job.Instance.Context.Sums.LateAt(job.Job.Nodes.Single(node => string.Equals(node.Name, operatorName, StringComparison.Ordinal)));

    public static string Show<T>(Keyed<Windowed<string>, T> result) => $"{result.Key.Key} {result.Key.Window.Start}-{result.Key.Window.End}: {result.Value}";
}
