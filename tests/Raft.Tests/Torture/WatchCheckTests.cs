using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>What a watch promises, and for each promise the least that a watcher may be told that breaks it.</summary>
internal sealed class WatchCheckTests
{
    private const string A = "watch/1";
    private const string B = "watch/2";

    private static readonly WatchTold Reset = new(WatchToldKind.Reset, Id: "reset");

    /// <summary>Three acknowledged adds, at 3, 5 and 8: A is 10, B is 7, A is 30.</summary>
    private static readonly RunOperation[] Writes = [Add(A, 10, 3, 10), Add(B, 7, 5, 7), Add(A, 20, 8, 30)];

    private static readonly WatchTold[] Whole = [Reset, Progress(1), Change(3, A, 10), Change(5, B, 7), Change(8, A, 30)];

    [Test]
    public void All_changes_in_order_at_one_node_or_over_several_are_right()
    {
        Assert.That(Find([At(1, null, Whole)]).Detail, Does.Contain("told 3 changes in order"));
        var check = Find([At(1, null, Whole[..3]), At(2, 3, Whole[3]), At(2, 5, Progress(6), Whole[4])]);
        Assert.That(check.Detail, Does.Contain("went on 2 times, 1 of them at another node"));
        Assert.That(check.Verdict, Is.EqualTo(Verdict.Linearizable));
    }

    [Test]
    public void A_change_that_is_left_out_is_found_from_the_write_from_another_watcher_or_from_the_values()
    {
        Assert.That(Find([At(1, null, Reset, Progress(1), Whole[2], Whole[4])]).Detail, Does.Contain("and not that watch/2 became 7 at 5"));
        Assert.That(Find([At(1, null, Whole[..3]), At(2, 3, Whole[4])]).Detail, Does.Contain("and not that watch/2 became 7 at 5"), "where it went on");
        Assert.That(Find([At(1, null, Reset, Progress(1), Whole[2], Progress(8))]).Detail, Does.Contain("all up to 8"));
        RunOperation[] writes = [Writes[0], Add(A, 5, 0, null, AnswerKind.Unknown), Add(A, 20, 8, 35)];
        WatchTold[] knows = [Reset, Progress(1), Change(3, A, 10), Change(6, A, 15), Change(8, A, 35)];
        Assert.That(Find(writes, [At(1, null, knows)], [At(1, null, knows)]).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Find(writes, [At(1, null, knows)], [At(1, null, knows[0], knows[1], knows[2], knows[4])]).Detail, Does.Contain("by what watcher 1 was told"));
        Assert.That(Find(writes, [At(1, null, knows[0], knows[1], knows[2], knows[4])]).Detail, Does.Contain("no write adds 25"));
    }

    [Test]
    public void A_change_that_comes_again_or_too_late_is_found()
    {
        Assert.That(Find([At(1, null, [.. Whole, Whole[4]])]).Detail, Does.Contain("told again that watch/1 became 30"));
        Assert.That(Find([At(1, null, Whole[..4]), At(2, 5, Whole[3], Whole[4])]).Detail, Does.Contain("told again that watch/2 became 7"), "where it went on");
        Assert.That(Find([At(1, null, Reset, Progress(1), Whole[3], Whole[2], Whole[4])]).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(Find([At(1, null, Reset, Progress(8), Progress(7))]).Detail, Does.Contain("at 7, after 8"));
    }

    [Test]
    public void A_value_or_a_place_that_no_write_was_answered_with_is_found()
    {
        Assert.That(Find([At(1, null, Reset, Progress(1), Change(3, A, 11))]).Detail, Does.Contain("became 11; by the answer to").And.Contain("became 10 there"));
        Assert.That(Find([At(1, null, Reset, Progress(1), Change(3, B, 10))]).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(Find([At(1, null, Reset, Progress(1), Change(3, A, null))]).Detail, Does.Contain("is gone"));
        Assert.That(Find([At(1, null, Reset, Progress(1), Change(2, A, 4))]).Detail, Does.Contain("no write adds 4"));
        Assert.That(Find([At(1, null, Reset, Progress(1), Change(2, A, 10), Change(3, A, 10))]).Detail, Does.Contain("was answered with the place 3"));
        Assert.That(Find([.. Writes, Add(B, 9, 0, null, AnswerKind.Failed)], [At(1, null, [.. Whole, Change(9, B, 16)])]).Detail, Does.Contain("a write that was refused"));
    }

    [Test]
    public void An_add_of_unknown_outcome_stands_at_one_place_or_nowhere()
    {
        RunOperation[] writes = [.. Writes, Add(B, 9, 0, null, AnswerKind.Unknown)];
        Assert.That(Find(writes, [At(1, null, Whole)]).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Find(writes, [At(1, null, [.. Whole, Change(9, B, 16)])]).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Find(writes, [At(1, null, [.. Whole, Change(9, B, 16), Change(10, B, 25)])]).Detail, Does.Contain("a write that stands at 9"));
    }

    [Test]
    public void Two_watchers_are_told_the_same()
    {
        RunOperation[] writes = [.. Writes, Add(B, 9, 0, null, AnswerKind.Unknown), Add(B, 4, 0, null, AnswerKind.Unknown)];
        Assert.That(Find(writes, [At(1, null, [.. Whole, Change(9, B, 16)])], [At(1, null, [.. Whole, Change(9, B, 11)])]).Detail, Does.Contain("by what watcher").And.Contain("there"));
    }

    [Test]
    public void The_rows_of_a_reset_are_the_state_at_its_end()
    {
        Assert.That(Rows(Row(6, A, 10), Row(6, B, 7)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Rows(Row(3, A, 10), Change(5, B, 7) with { Id = null, Resume = null }).Verdict, Is.EqualTo(Verdict.Linearizable), "a change among the rows");
        Assert.That(Rows(Row(6, A, 10)).Detail, Does.Contain("without watch/2, which was 7"));
        Assert.That(Rows(Row(6, A, 10), Row(6, B, 8)).Detail, Does.Contain("says watch/2 is 8; it was 7"));
        Assert.That(Rows(Row(6, A, 10), Row(6, B, 7), Row(6, A, 10)).Detail, Does.Contain("two rows of watch/1"));
        Assert.That(Rows(Row(6, A, 10), Row(6, B, 7), Row(6, "watch/3", 1)).Verdict, Is.EqualTo(Verdict.Illegal));

        static RunCheck Rows(params WatchTold[] rows) => Find([At(1, null, [Reset, .. rows, Progress(6), Whole[4]])]);
    }

    [Test]
    public void Rows_may_have_adds_of_unknown_outcome_that_stand_nowhere_else()
    {
        RunOperation[] writes = [.. Writes, Add(B, 9, 0, null, AnswerKind.Unknown)];
        WatchTold[] rows = [Reset, Row(7, A, 10), Row(7, B, 16), Progress(7), Whole[4]];
        Assert.That(Find(writes, [At(1, null, rows)]).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Find(writes, [At(1, null, rows)], [At(1, null, [.. Whole, Change(9, B, 16)])]).Detail, Does.Contain("it was 7 there"), "it stands at 9");
    }

    [Test]
    public void Whatever_lies_between_where_a_watcher_was_and_a_reset_was_announced_as_missing() =>
        Assert.That(Find([At(1, null, Whole[..3]), At(2, 3, Reset, Row(8, A, 30), Row(8, B, 7), Progress(8))]).Detail, Does.Contain("began anew 1 times"));

    [Test]
    public void A_watcher_that_begins_anew_is_told_so_and_one_that_is_among_rows_cannot_go_on_from_there()
    {
        Assert.That(Find([At(1, null, Whole[2], Whole[3], Whole[4])]).Detail, Does.Contain("without a reset"));
        Assert.That(Find([At(1, null, Reset with { Resume = 3 }, Progress(3))]).Detail, Does.Contain("of a reset behind which it may go on at 3"));
        Assert.That(Find([At(1, null, Reset, Row(6, A, 10) with { Id = "6", Resume = 6 }, Row(6, B, 7), Progress(6))]).Detail, Does.Contain("in the middle of its rows"));
        Assert.That(Find([At(1, null, [.. Whole, Row(9, A, 30)])]).Detail, Does.Contain("where none is due"));
        Assert.That(Find([At(1, null, Reset, Row(6, A, 10)), At(2, null, Whole)]).Verdict, Is.EqualTo(Verdict.Linearizable), "cut off among its rows");
    }

    [Test]
    public void A_watcher_may_not_go_on_behind_what_it_was_not_told()
    {
        Assert.That(Find([At(1, null, Reset, Progress(1), Whole[2] with { Id = "6", Resume = 6 })]).Detail, Does.Contain("may go on behind 6 and was not told that watch/2 became 7 at 5"));
        Assert.That(Find([At(1, null, Reset, Progress(1), Whole[2] with { Id = null, Resume = null }), At(2, 1, Whole[2], Whole[3], Whole[4])]).Verdict, Is.EqualTo(Verdict.Linearizable), "told again for want of an id");
    }

    [Test]
    public void A_watcher_that_did_not_come_to_the_last_acknowledged_write_decides_nothing() =>
        Assert.That(Find([At(1, null, Whole[..4])]).Verdict, Is.EqualTo(Verdict.Undecided));

    private static RunCheck Find(params WatchStretch[][] watchers) => Find(Writes, watchers);

    private static RunCheck Find(RunOperation[] writes, params WatchStretch[][] watchers) => WatchCheck.Check("watch", writes, new([.. watchers]));

    private static WatchStretch At(int node, long? from, params WatchTold[] told) => new(node, from, [.. told.Select(static one => new WatchHeard(one, 0))]);

    private static WatchTold Progress(long index) => new(WatchToldKind.Progress, index, Id: $"{index}", Resume: index);

    private static WatchTold Row(long index, string key, long value) => new(WatchToldKind.Row, index, key, value);

    private static WatchTold Change(long index, string key, long? value) => new(WatchToldKind.Change, index, key, value, $"{index}", index);

    private static RunOperation Add(string key, long amount, long index, long? after, AnswerKind kind = AnswerKind.Ok) =>
        new("watch", 1, 1, new(key, OperationFunction.Add, amount), index, index + 1, new(kind, after is { } value ? value : null) { Index = index });
}
