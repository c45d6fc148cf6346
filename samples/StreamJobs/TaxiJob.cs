using RaftStream.StreamStateMachine;

namespace RaftStream.Samples;

/// <summary>The passengers of New York's taxis: how many in the last day, told anew every six hours, and how that compares with the same day of the week before.</summary>
public sealed class TaxiJob
{
    private static readonly long Week = (long)TimeSpan.FromDays(7).TotalMilliseconds;

    public TaxiJob(string path)
    {
        var schema = new CsvSchema(CsvColumn.Timestamp("timestamp", "yyyy-MM-dd HH:mm:ss"), CsvColumn.Integer("value"));
        var builder = new StreamBuilder("taxi");
        Demand = builder
            .From("rides", Sources.Csv(path, schema), EventTime.Of<CsvRow>(row => row.GetTimestamp("timestamp")))
            .Map(row => row.GetInteger("value"))
            .KeyBy(_ => "New York")
            .Window(Window.Hopping(TimeSpan.FromDays(1), TimeSpan.FromHours(6)))
            .Retain(TimeSpan.FromDays(9))
            .Sum("demand", passengers => passengers);
        Demand.ToKeyedStream()
            .JoinTable("compare", Demand, (day, _) => new Windowed<string>(day.Key, new(day.Window.Start - Week, day.Window.End - Week)), (_, now, before) => (now, before.Value), output: Codecs.Pair(Codecs.Int64, Codecs.Int64))
            .ToStream()
            .ToSubscription("compared", format: day => FormattableString.Invariant($"{day.Key.Window.Start} {day.Value.Item1} {day.Value.Item2}"));
        Job = builder.Build();
    }

    public Job Job { get; }

    /// <summary>Passengers by day, a new day every six hours.</summary>
    public Table<Windowed<string>, long> Demand { get; }
}
