using RaftStream.Raft.Runtime;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Runtime.Outboxes;

/// <summary>What a node accepts on its own disk alone, and how that comes into the log.</summary>
[TestFixture]
internal sealed class OutboxAgentTests
{
    [Test]
    public void What_arrives_together_is_accepted_with_one_sync_and_not_before_it()
    {
        using var bench = new OutboxBench();
        bench.Write(1);
        bench.Poll();
        var syncs = bench.Disk.Counters.Syncs;
        var writes = Enumerable.Range(0, 100).Select(number => bench.Write(number)).ToList();
        Assert.That(writes.SelectMany(static write => write.Answers), Is.Empty);
        bench.Poll();
        Assert.That(bench.Disk.Counters.Syncs, Is.EqualTo(syncs + 1));
        Assert.That(writes.Select(static write => write.Answers.Single().Accepted), Is.EqualTo(Enumerable.Range(2, 100).Select(static number => new OutboxPlace(1, 1, number))));
        Assert.That(writes[0].Answers.Single(), Is.EqualTo(new Answer(Outcome.Accepted, Refusal.None, LogPosition.Zero, default) { Accepted = new(1, 1, 2) }));
    }

    [Test]
    public void Everything_comes_into_the_log_once_and_in_order()
    {
        using var bench = new OutboxBench(new() { EpochBytes = 500 });
        for (var number = 1; number <= 200; number++)
        {
            bench.Write(number);
            if (number % 7 == 0)
                bench.Poll();
        }

        bench.Drain();
        Assert.That(bench.Ran, Is.EqualTo(Enumerable.Range(1, 200)));
        Assert.That((bench.Agent.Board.Drained.Value, bench.Agent.Board.Lost.Value), Is.EqualTo((200L, 0L)));
        Assert.That(bench.Files, Has.Count.EqualTo(1), "the newest keeps the number of the last epoch");
    }

    [Test]
    public void What_is_not_seen_in_the_log_in_time_is_sent_again_and_runs_once()
    {
        using var bench = new OutboxBench();
        bench.Write(5);
        bench.Poll();
        var first = bench.Forwarded().Single();
        bench.Poll();
        Assert.That(bench.Forwarded(), Is.Empty, "it has time");
        bench.Clock.Now += TimeSpan.FromSeconds(2);
        bench.Poll();
        var second = bench.Forwarded().Single();
        Assert.That(second, Is.EqualTo(first));
        Assert.That((bench.Apply(first), bench.Apply(second)), Is.EqualTo((Refusal.None, Refusal.ReplyNotKept)));
        bench.Poll();
        Assert.That((bench.Agent.Board.Pending.Count, bench.Agent.NextDeadline), Is.EqualTo((0, Instant.Never)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void What_was_accepted_outlives_the_process_and_comes_before_what_the_next_one_accepts(bool powerCut)
    {
        using var bench = new OutboxBench();
        var accepted = bench.Write(1);
        bench.Poll();
        Assert.That(accepted.Answers.Single().Outcome, Is.EqualTo(Outcome.Accepted));
        End(bench, powerCut);
        bench.Restart();
        Assert.That(bench.Agent.Board.Pending.Count, Is.EqualTo(1));
        var next = bench.Write(2);
        bench.Drain();
        Assert.That(next.Answers.Single().Accepted, Is.EqualTo(new OutboxPlace(2, 2, 1)), "each life has an epoch of its own");
        Assert.That(bench.Ran, Is.EqualTo(new[] { 1L, 2L }));
    }

    [Test]
    public void What_came_into_the_log_before_a_power_cut_does_not_come_again_and_is_not_counted_as_lost()
    {
        using var bench = new OutboxBench();
        for (var life = 1; life <= 5; life++)
        {
            bench.Write(life);
            bench.Drain();
            End(bench, powerCut: true);
            bench.Restart();
        }

        bench.Drain();
        Assert.That(bench.Ran, Is.EqualTo(new[] { 1L, 2L, 3L, 4L, 5L }));
        Assert.That(bench.Agent.Board.Lost.Value, Is.Zero);
    }

    [Test]
    public void Of_a_disk_that_was_put_back_nothing_runs_twice_and_what_never_will_is_counted()
    {
        using var bench = new OutboxBench();
        bench.Write(1);
        bench.Poll();
        var copy = bench.Disk.Clone(new(9));
        bench.Drain();
        End(bench, powerCut: true);
        bench.Restart();
        bench.Write(2);
        bench.Drain();
        bench.Disk.PutBack(copy);
        bench.Restart();
        bench.Poll();
        Assert.That((bench.Agent.Board.Lost.Value, bench.Agent.Board.Pending.Count), Is.EqualTo((1L, 0)));
        var next = bench.Write(3);
        bench.Drain();
        Assert.That(next.Answers.Single().Accepted!.Value.Start, Is.EqualTo(3), "above what the log knows");
        Assert.That(bench.Ran, Is.EqualTo(new[] { 1L, 2L, 3L }));
    }

    [Test]
    public void What_does_not_commute_is_too_large_or_has_no_room_is_refused()
    {
        using var bench = new OutboxBench(new() { MaxCommands = 2 });
        var writes = new[] { bench.Write(-1), bench.Write(1), bench.Write(2), bench.Write(3) };
        var large = new TestCommand(new byte[OutboxEntry.MaxCommandBytes + 1]);
        bench.Queues.Accepts.TryEnqueue(large);
        bench.Poll();
        Assert.That(
            writes.Select(static write => (write.Answers.Single().Outcome, write.Answers.Single().Refusal)),
            Is.EqualTo(new[] { (Outcome.Rejected, Refusal.NotCommutative), (Outcome.Accepted, Refusal.None), (Outcome.Accepted, Refusal.None), (Outcome.Rejected, Refusal.OutboxFull) }));
        Assert.That(large.Answers.Single().Refusal, Is.EqualTo(Refusal.TooLarge));
        bench.Drain();
        Assert.That(bench.Write(4).Answers, Is.Empty);
        bench.Drain();
        Assert.That(bench.Ran, Is.EqualTo(new[] { 1L, 2L, 4L }), "there is room again");
    }

    [Test]
    public void A_disk_that_is_full_refuses_and_what_was_accepted_still_comes_into_the_log()
    {
        using var bench = new OutboxBench();
        bench.Write(1);
        bench.Poll();
        bench.Disk.FreeBytes = 10;
        var doubtful = bench.Write(2);
        bench.Poll();
        Assert.That((doubtful.Answers.Single().Outcome, doubtful.Answers.Single().Refusal), Is.EqualTo((Outcome.Unknown, Refusal.StorageFull)));
        bench.Disk.FreeBytes = 0;
        var refused = bench.Write(3);
        bench.Poll();
        Assert.That((refused.Answers.Single().Outcome, refused.Answers.Single().Refusal), Is.EqualTo((Outcome.Rejected, Refusal.StorageFull)));
        bench.Disk.FreeBytes = long.MaxValue;
        bench.Write(4);
        bench.Drain();
        Assert.That(bench.Ran, Is.EqualTo(new[] { 1L, 4L }));
    }

    [Test]
    public void A_sync_that_fails_ends_the_replica()
    {
        using var bench = new OutboxBench();
        bench.Write(1);
        bench.Poll();
        bench.Disk.Fault = static (operation, _) => operation == DiskOperation.SyncData ? DiskFault.IoError : DiskFault.None;
        var doubtful = bench.Write(2);
        bench.Poll();
        Assert.That((doubtful.Answers.Single().Outcome, doubtful.Answers.Single().Refusal), Is.EqualTo((Outcome.Unknown, Refusal.Stopped)));
        Assert.That(bench.Queues.DiskDone.TakeAll().Single(), Has.Property(nameof(DiskDone.Kind)).EqualTo(DiskDoneKind.Failed).And.Property(nameof(DiskDone.Problem)).Contains("outbox"));
        var late = bench.Write(3);
        bench.Poll();
        Assert.That(late.Answers.Single().Refusal, Is.EqualTo(Refusal.Stopped));
    }

    [Test]
    public void An_outbox_that_has_nothing_to_do_sleeps()
    {
        using var bench = new OutboxBench();
        Assert.That((bench.Poll(), bench.Agent.NextDeadline, bench.Agent.HasWork), Is.EqualTo((0, Instant.Never, false)));
        Assert.That(bench.Disk.List(), Is.Empty, "nothing is written before the first command");
    }

    private static void End(OutboxBench bench, bool powerCut)
    {
        if (powerCut)
            bench.Disk.Crash();
        else
            bench.Disk.Kill();
    }
}
