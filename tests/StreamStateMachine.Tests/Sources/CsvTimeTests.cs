using System.Globalization;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Times of a zone whose clocks change, and the two files of measurements that come with the repository.</summary>
[TestFixture]
internal sealed class CsvTimeTests
{
    private const string Format = "yyyy-MM-dd HH:mm:ss";
    private const long FiveMinutesMs = 300_000;

    /// <summary>A zone one hour east in summer, which ends on 7 January at 3 o'clock, where the machine's clock was set back, and begins on 1 November at 2.</summary>
    private static readonly TimeZoneInfo Machine = TimeZoneInfo.CreateCustomTimeZone("machine", TimeSpan.Zero, "machine", "machine", "machine summer",
    [
        TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
            DateTime.MinValue.Date,
            DateTime.MaxValue.Date,
            TimeSpan.FromHours(1),
            TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 2, 0, 0), 11, 1),
            TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 3, 0, 0), 1, 7)),
    ]);

    private SourceFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task The_repeated_hour_of_the_machine_is_two_hours_from_every_position()
    {
        var source = Sources.Csv(Texts.Sample("machine_temperature.csv"), new(CsvColumn.Timestamp("timestamp", Format, Machine), CsvColumn.Number("value")));
        var times = (await source.ReadAllAsync("machine_temperature.csv")).Select(static record => record.Value.GetTimestamp("timestamp")).ToList();
        Assert.That(times, Has.Count.EqualTo(22_695));
        Assert.That(times.Zip(times.Skip(1), static (before, after) => after - before), Has.All.EqualTo(FiveMinutesMs));
        Assert.That(times[0], Is.EqualTo(DateTimeOffset.Parse("2013-12-02T21:15:00+01:00", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds()));

        // Line 10,151 is the first of the second pass; 12 rows are in each.
        var hour = times.FindIndex(static time => time == DateTimeOffset.Parse("2014-01-07T02:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds());
        Assert.That(hour, Is.EqualTo(10_151 - 2));
        for (var start = hour - 14; start <= hour + 14; start++)
        {
            var rest = await source.ReadAllAsync("machine_temperature.csv", await source.PositionBehindAsync("machine_temperature.csv", start));
            Assert.That(rest.Select(static record => record.Value.GetTimestamp("timestamp")), Is.EqualTo(times.Skip(start)), $"from row {start}");
        }
    }

    [TestCase(CsvRepeatedTime.ByOrder, "1:55 2:00 2:30 2:10 2:20 2:50 3:00 2:15", "55 60 90 130 140 170 180 75")]
    [TestCase(CsvRepeatedTime.ByOrder, "2:10 bad 2:05", "70 - 125")]
    [TestCase(CsvRepeatedTime.ByOrder, "2:10 2:10", "70 70")]
    [TestCase(CsvRepeatedTime.First, "2:00 2:30 2:10", "60 90 70")]
    [TestCase(CsvRepeatedTime.Second, "1:59 2:00 2:30 3:00", "59 120 150 180")]
    [TestCase(CsvRepeatedTime.Problem, "1:59 2:00 3:00", "59 - 180")]
    public async Task A_repeated_time_is_what_the_option_says(CsvRepeatedTime repeated, string times, string minutes)
    {
        // Minutes since midnight in UTC: the clock shows 1:00 at 0, 2:00 at 60 and again at 120.
        var rows = string.Concat(times.Split(' ').Select(static time => $"2014-01-07 {time}\n"));
        var source = Sources.Csv(_folder.Write("a.csv", "at\n" + rows), new(CsvColumn.Timestamp("at", "yyyy-MM-dd H:mm", Machine, repeated)));
        var midnight = DateTimeOffset.Parse("2014-01-07T00:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        var read = await source.ReadAllAsync("a.csv");
        Assert.That(read.Select(record => record.Problem is null ? $"{(record.Value.GetTimestamp("at") - midnight) / 60_000}" : "-"), Is.EqualTo(minutes.Split(' ')));
    }

    [Test]
    public async Task A_row_that_does_not_fit_says_nothing_about_the_order()
    {
        var schema = new CsvSchema(CsvColumn.Timestamp("at", Format, Machine), CsvColumn.Integer("n"));
        var source = Sources.Csv(_folder.Write("a.csv", "at,n\n2014-01-07 02:10:00,1\n2014-01-07 02:05:00,x\n2014-01-07 02:15:00,2\n"), schema);
        var rows = await source.ReadAllAsync("a.csv");
        Assert.That(rows[1].Problem, Is.EqualTo("Line 3, column 'n': 'x' is there; expected a whole number of 64 bits."));
        Assert.That(rows[2].Value.GetTimestamp("at") - rows[0].Value.GetTimestamp("at"), Is.EqualTo(FiveMinutesMs));
    }

    [Test]
    public async Task A_time_that_the_clocks_leave_out_is_a_problem()
    {
        var source = Sources.Csv(_folder.Write("a.csv", "at\n2013-11-01 02:30:00\n"), new(CsvColumn.Timestamp("at", Format, Machine)));
        Assert.That((await source.ReadAllAsync("a.csv")).Single().Problem, Is.EqualTo("Line 2, column 'at': '2013-11-01 02:30:00' is there; expected a time that the clocks of 'machine' show."));
    }

    [Test]
    public async Task A_position_of_another_schema_is_refused()
    {
        var path = _folder.Write("a.csv", "at\n2014-01-07 02:30:00\n");
        var position = await Sources.Csv(path, new(CsvColumn.Timestamp("at", Format, Machine))).PositionBehindAsync("a.csv", 1);
        var utc = Sources.Csv(path, new(CsvColumn.Timestamp("at", Format)));
        Assert.That(async () => await utc.OpenAsync("a.csv", position, CancellationToken.None), Throws.ArgumentException.With.Message.Contains("another kind or schema"));
        Assert.That((await utc.ReadAllAsync("a.csv")).Single().Value.GetTimestamp("at"), Is.EqualTo(DateTimeOffset.Parse("2014-01-07T02:30:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds()));
    }

    [Test]
    public async Task An_offset_in_the_format_counts()
    {
        var source = Sources.Csv(_folder.Write("a.csv", "at\n1970-01-01T02:00+02:00\n"), new(CsvColumn.Timestamp("at", "yyyy-MM-ddTHH:mmzzz")));
        Assert.That((await source.ReadAllAsync("a.csv")).Single().Value.GetTimestamp("at"), Is.Zero);
    }

    [Test]
    public async Task The_taxi_rides_sum_up()
    {
        var source = Sources.Csv(Texts.Sample("nyc_taxi.csv"), new(CsvColumn.Timestamp("timestamp", Format), CsvColumn.Integer("value")));
        var rows = await source.ReadAllAsync("nyc_taxi.csv");
        Assert.That(rows.Where(static row => row.Problem is not null), Is.Empty);
        Assert.That((rows.Count, rows.Sum(static row => row.Value.GetInteger("value"))), Is.EqualTo((10_320, 156_219_716L)));
        Assert.That(rows[^1].Value.GetTimestamp("timestamp") - rows[0].Value.GetTimestamp("timestamp"), Is.EqualTo(10_319 * 6 * FiveMinutesMs));
    }
}
