using System.Globalization;
using RaftStream.StreamStateMachine;

namespace RaftStream.Samples;

/// <summary>A reading: the sensor, its clock in milliseconds since 1970-01-01 UTC, and tenths of a degree.</summary>
public readonly record struct Reading(string Sensor, long Time, long Tenths)
{
    /// <summary>As a gateway sends it.</summary>
    public string Line => string.Create(CultureInfo.InvariantCulture, $"{Sensor} {Time} {Tenths}");

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static Reading Parse(string line) => line.Split(' ') is [var sensor, var time, var tenths]
        ? new(sensor, long.Parse(time, CultureInfo.InvariantCulture), long.Parse(tenths, CultureInfo.InvariantCulture))
        : throw new FormatException("A reading is a sensor, a time and a value.");
}

/// <summary>What is kept of the readings: count and sum of each sensor, and the count and highest value of each minute.</summary>
public static class FleetJob
{
    /// <summary>The job's name.</summary>
    public const string Name = "fleet";

    public static Job Build()
    {
        var builder = new StreamBuilder(Name);
        var readings = builder
            .Ingest("readings", Reading.Parse, EventTime.Of<Reading>(reading => reading.Time))
            .Map(reading => (reading.Sensor, reading.Tenths))
            .KeyBy(reading => reading.Sensor, value: Codecs.Pair(Codecs.Text, Codecs.Int64));
        readings.Combined().Count("counts");
        readings.Combined().Sum("sums", reading => reading.Tenths);
        var minutes = readings.Window(Window.Tumbling(TimeSpan.FromMinutes(1))).Retain(TimeSpan.FromHours(1));
        minutes.Count("minutes");
        minutes.Max("highest", reading => reading.Tenths);
        return builder.Build();
    }
}
