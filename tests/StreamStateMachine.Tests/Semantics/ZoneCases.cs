using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>Windows by the clocks of a zone. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ZoneCases
{
    /// <summary>Eight hours behind UTC, seven from 14 March 2021, 02:00, to 7 November, 02:00: the clocks of Los Angeles in that year.</summary>
    private static readonly TimeZoneInfo Pacific = TimeZoneInfo.CreateCustomTimeZone(
        "pacific",
        TimeSpan.FromHours(-8),
        "pacific",
        "pacific",
        "pacific in summer",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                new DateTime(2021, 1, 1), new DateTime(2021, 12, 31), TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 14),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 2, 0, 0), 11, 7)),
        ]);

    /// <summary>The windows, as UTC, that hold instants given as UTC.</summary>
    private static IEnumerable<string> WindowsOf(WindowAssigner windows, params string[] instants)
    {
        var job = Counting(windows);
        job.Push([.. instants.Select(static instant => $"a@{At(instant)}")]);
        job.End();
        return job.Outputs("out").Select(InUtc);
    }

    private static long At(string utc) => DateTimeOffset.Parse(utc + "Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    private static string InUtc(string result)
    {
        var span = result["a ".Length..result.IndexOf(':', StringComparison.Ordinal)].Split('-');
        return $"{Text(span[0])} to {Text(span[1])}{result[result.IndexOf(':', StringComparison.Ordinal)..]}";
    }

    private static string Text(string milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(milliseconds, System.Globalization.CultureInfo.InvariantCulture)).ToString("MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture);

    [Test]
    public void A_day_begins_at_the_midnight_of_the_zone() =>
        Assert.That(WindowsOf(Window.Tumbling(TimeSpan.FromDays(1), Pacific), "2021-01-10 07:59:59", "2021-01-10 08:00:00"), Is.EqualTo(new[] { "01-09 08:00 to 01-10 08:00: 1", "01-10 08:00 to 01-11 08:00: 1" }));

    [Test]
    public void The_day_on_which_clocks_go_forward_has_23_hours() =>
        Assert.That(WindowsOf(Window.Tumbling(TimeSpan.FromDays(1), Pacific), "2021-03-14 12:00:00"), Is.EqualTo(new[] { "03-14 08:00 to 03-15 07:00: 1" }));

    [Test]
    public void The_day_on_which_clocks_go_back_has_25_hours() =>
        Assert.That(WindowsOf(Window.Tumbling(TimeSpan.FromDays(1), Pacific), "2021-11-07 12:00:00"), Is.EqualTo(new[] { "11-07 07:00 to 11-08 08:00: 1" }));

    [Test]
    public void An_hour_that_comes_twice_is_two_windows() =>
        Assert.That(
            WindowsOf(Window.Tumbling(TimeSpan.FromHours(1), Pacific), "2021-11-07 08:30:00", "2021-11-07 09:30:00"), // Both are 01:30 on the wall.
            Is.EqualTo(new[] { "11-07 08:00 to 11-07 09:00: 1", "11-07 09:00 to 11-07 10:00: 1" }));

    [Test]
    public void Parts_of_a_day_are_equally_long_and_counted_from_midnight_and_the_last_one_is_cut() =>
        Assert.That(
            WindowsOf(Window.Tumbling(TimeSpan.FromHours(4), Pacific), "2021-03-14 10:30:00", "2021-03-14 11:59:00", "2021-03-15 06:00:00"),
            Is.EqualTo(new[] { "03-14 08:00 to 03-14 12:00: 2", "03-15 04:00 to 03-15 07:00: 1" }),
            "in Flink SQL the first one ends at 04:00 on the wall, after three hours");

    [Test]
    public void Weeks_begin_on_Mondays() =>
        Assert.That(WindowsOf(Window.Tumbling(TimeSpan.FromDays(7), Pacific), "2021-06-16 12:00:00"), Is.EqualTo(new[] { "06-14 07:00 to 06-21 07:00: 1" }));

    [Test]
    public void A_part_that_does_not_divide_a_day_is_refused() =>
        Assert.That(() => Window.Tumbling(TimeSpan.FromHours(5), Pacific), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
