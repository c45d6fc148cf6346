using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>Which records of two streams, or of a stream and a table, are pairs. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class JoinCases
{
    private static StreamBuilder Declare(out KeyedStream<string, string> left, out KeyedStream<string, string> right, long bound = 0)
    {
        var builder = new StreamBuilder("job");
        left = builder.Ingest("left", Time(bound)).KeyBy(KeyOf);
        right = builder.Ingest("right", Time(bound)).KeyBy(KeyOf);
        return builder;
    }

    /// <summary>Pairs as "left+right", "-" where there is none; source 0 is the left side.</summary>
    private static JobHarness Joining(JoinKind kind = JoinKind.Inner, long before = 10, long after = 5, long lateness = 0, long bound = 0)
    {
        var builder = Declare(out var left, out var right, bound);
        left.JoinWindow("join", right, Ms(before), Ms(after), Pair, kind, Ms(lateness)).ToStream().ToSubscription("out", format: static pair => pair.Value);
        return new(builder.Build());
    }

    private static string Pair(string key, Seen<string> left, Seen<string> right) => $"{(left.Any ? left.Value : "-")}+{(right.Any ? right.Value : "-")}";

    private static void Left(JobHarness job, params string[] records) => job.PushTo(0, "l", records);

    private static void Right(JobHarness job, params string[] records) => job.PushTo(1, "r", records);

    [Test]
    public void Both_bounds_of_the_interval_belong_to_it()
    {
        var job = Joining();
        Left(job, "a@100");
        Right(job, "a@89", "a@90", "a@105", "a@106");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@100+a@90", "a@100+a@105" }));
    }

    [Test]
    public void It_is_the_same_whichever_side_comes_first()
    {
        var job = Joining();
        Right(job, "a@89", "a@90", "a@105", "a@106");
        Left(job, "a@100");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@100+a@90", "a@100+a@105" }));
    }

    [Test]
    public void Only_records_of_one_key_are_pairs()
    {
        var job = Joining();
        Left(job, "a@100");
        Right(job, "b@100");
        Assert.That(job.Outputs("out"), Is.Empty);
    }

    [Test]
    public void Every_two_records_are_a_pair()
    {
        var job = Joining(before: 0, after: 0);
        Left(job, "a:1@7", "a:2@7");
        Right(job, "a:3@7", "a:4@7");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a:1@7+a:3@7", "a:2@7+a:3@7", "a:1@7+a:4@7", "a:2@7+a:4@7" }));
    }

    [Test]
    public void A_pair_has_the_later_of_its_two_times()
    {
        var builder = Declare(out var left, out var right);
        left.JoinWindow("join", right, Ms(10), Ms(5), Pair).Process("tell", static () => new TimeTeller<string, string>()).ToStream().ToSubscription("out", format: static told => told.Value);
        var job = new JobHarness(builder.Build());
        Left(job, "a@100");
        Right(job, "a@95", "a@103");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a at 100, watermark none", "a at 103, watermark none" }));
    }

    [Test]
    public void An_inner_join_gives_nothing_for_a_record_alone()
    {
        var job = Joining();
        Left(job, "a@100");
        Right(job, "b@100");
        job.End(0, "l");
        job.End(1, "r");
        Assert.That(job.Outputs("out"), Is.Empty);
    }

    [Test]
    public void A_left_join_gives_a_left_record_alone_when_no_partner_can_come_any_more()
    {
        var job = Joining(JoinKind.Left);
        Left(job, "a@100", "x@500");
        Right(job, "x@106"); // The watermark is 105: a record of that very time still finds its partners.
        Assert.That(job.Outputs("out"), Is.Empty);
        Right(job, "x@107");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@100+-" }));
    }

    [Test]
    public void A_left_join_gives_no_right_record_alone()
    {
        var job = Joining(JoinKind.Left);
        Left(job, "b@1");
        Right(job, "a@100");
        job.End(0, "l");
        job.End(1, "r");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "b@1+-" }));
    }

    [Test]
    public void An_outer_join_gives_the_records_of_both_sides_alone()
    {
        var job = Joining(JoinKind.Outer);
        Left(job, "a@100", "c@100");
        Right(job, "b@100", "c@100");
        job.End(0, "l");
        job.End(1, "r");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "c@100+c@100", "a@100+-", "-+b@100" }));
    }

    [Test]
    public void A_record_behind_the_watermark_is_joined_where_its_partners_are_still_there()
    {
        var job = Joining();
        Left(job, "a@100");
        Right(job, "x@100"); // The watermark is 99.
        Right(job, "a@95");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@100+a@95" }), "Flink drops it");
    }

    [Test]
    public void A_record_whose_time_for_partners_is_over_is_late()
    {
        var job = Joining();
        Left(job, "x@200");
        Right(job, "x@200"); // The watermark is 199; a right record waits for left ones until 10 behind it.
        Right(job, "a@188");
        Right(job, "a@189");
        Assert.That(LateAt(job, "join"), Is.EqualTo(1));
    }

    [Test]
    public void Lateness_has_records_wait_for_partners_that_are_late()
    {
        var job = Joining(JoinKind.Left, before: 0, after: 0, lateness: 50);
        Left(job, "a@100", "x@140");
        Right(job, "x@140");
        Right(job, "a@100");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "x@140+x@140", "a@100+a@100" }));
    }

    [TestCase(0, 0)]
    [TestCase(6, 1)]
    public void Windows_behind_a_left_join_need_its_reach_and_one_millisecond_as_lateness(long lateness, int results)
    {
        var builder = Declare(out var left, out var right);
        left.JoinWindow("join", right, Ms(0), Ms(5), Pair, JoinKind.Left).Window(Window.Tumbling(Ms(10))).AllowedLateness(Ms(lateness)).Count("windows").ToStream().ToSubscription("out", format: Show);
        var job = new JobHarness(builder.Build());
        Left(job, "a@9", "x@100");
        Right(job, "x@100");
        Assert.That(job.Outputs("out").Count(static result => result[0] == 'a'), Is.EqualTo(results), "a record alone keeps its own time, and is given out when that has gone by");
    }

    [Test]
    public void A_table_is_joined_as_it_stands_at_that_moment_of_the_log()
    {
        var builder = Declare(out var stream, out var rows);
        var table = rows.Reduce("table", static (_, later) => later);
        stream.JoinTable("join", table, static (key, _) => key, static (_, record, row) => $"{record}+{row.Value}").ToStream().ToSubscription("out", format: static pair => pair.Value);
        var job = new JobHarness(builder.Build());
        Left(job, "a@1");
        Right(job, "a:old@900");
        Left(job, "a@2");
        Right(job, "a:new@3");
        Left(job, "a@4");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@2+a:old@900", "a@4+a:new@3" }), "event time plays no part, and a new row gives nothing out again");
    }

    [Test]
    public void A_left_join_with_a_table_lets_records_without_a_row_through()
    {
        var builder = Declare(out var stream, out var rows);
        var table = rows.Reduce("table", static (_, later) => later);
        stream.JoinTable("join", table, static (key, _) => key, static (_, record, row) => $"{record}+{(row.Any ? row.Value : "-")}", isLeft: true).ToStream().ToSubscription("out", format: static pair => pair.Value);
        var job = new JobHarness(builder.Build());
        Left(job, "a@1");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@1+-" }));
    }

    [Test]
    public void A_record_that_changes_the_table_sees_its_own_change_where_the_table_was_declared_first()
    {
        var builder = new StreamBuilder("job");
        var stream = builder.Ingest("in", Time()).KeyBy(KeyOf);
        var table = stream.Count("table");
        stream.JoinTable("join", table, static (key, _) => key, static (_, record, row) => $"{record}+{row.Value}").ToStream().ToSubscription("out", format: static pair => pair.Value);
        var job = new JobHarness(builder.Build());
        job.Push("a@1", "a@2");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a@1+1", "a@2+2" }));
    }
}
