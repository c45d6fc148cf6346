using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Machine;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SessionTableTests
{
    private const long Millisecond = 1_000_000;

    private readonly SessionBench _bench = new(SessionLimits.Default);

    [Test]
    public void A_command_that_comes_again_is_answered_with_the_reply_and_position_of_the_first_time()
    {
        Open(1);
        var first = _bench.Do(2, 0, Command(1, 1));
        var again = _bench.Do(9, 0, Command(1, 1));
        Assert.That((again.Outcome, again.Position, again.Reply.ToArray()), Is.EqualTo((Outcome.Applied, LogBench.At(2, 1), first.Reply.ToArray())));
        Assert.That(_bench.Machine.Ran, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_command_that_comes_twice_in_one_run_is_run_once_and_both_callers_get_its_reply()
    {
        Open(1);
        _bench.Add(EntryKind.Session, LogBench.At(2, 1), 0, Command(1, 1));
        _bench.Add(EntryKind.Command, LogBench.At(3, 1), 0, ChainMachine.Command(77, 3));
        _bench.Add(EntryKind.Session, LogBench.At(4, 1), 0, Command(1, 1));
        _bench.Add(EntryKind.Session, LogBench.At(5, 1), 0, Command(1, 2, acknowledged: 1));
        _bench.Add(EntryKind.Session, LogBench.At(6, 1), 0, Command(1, 1));
        var answers = _bench.Flush();
        Assert.That(answers.Select(static answer => answer.Position.Index.Value), Is.EqualTo(new[] { 2L, 3, 2, 5, 6 }));
        Assert.That(answers[2].Reply.ToArray(), Is.EqualTo(answers[0].Reply.ToArray()).And.Length.EqualTo(5));
        Assert.That(answers[4].Refusal, Is.EqualTo(Refusal.SessionStale));
        Assert.That(_bench.Machine.Ran, Has.Count.EqualTo(3));
    }

    [Test]
    public void All_commands_of_a_run_go_to_the_state_machine_in_one_batch()
    {
        Open(1);
        Open(2);
        for (var i = 0; i < 100; i++)
            _bench.Add(i % 3 == 0 ? EntryKind.Command : EntryKind.Session, LogBench.At(10 + i, 1), 0, i % 3 == 0 ? ChainMachine.Command(i, 3) : Command(1 + (i % 2), 1 + (i / 10)));
        _bench.Flush();
        Assert.That(_bench.Machine.Batches, Is.LessThanOrEqualTo(3));
    }

    [Test]
    public void Pipelined_commands_are_run_in_the_order_in_which_they_reach_the_log()
    {
        Open(1);
        foreach (var sequence in new[] { 3, 1, 5, 2, 4, 3, 1 })
            Assert.That(_bench.Do(10 + sequence, 0, Command(1, sequence)).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That(_bench.Machine.Ran.ConvertAll(static command => (int)command[0]), Is.EqualTo(new[] { 3, 1, 5, 2, 4 }));
    }

    [Test]
    public void What_is_acknowledged_is_forgotten_and_stale()
    {
        Open(1);
        _bench.Do(2, 0, Command(1, 1));
        var held = _bench.Table.Charge;
        _bench.Do(3, 0, Command(1, 2, acknowledged: 1));
        Assert.That(_bench.Table.Charge, Is.EqualTo(held), "one reply came, one went");
        Assert.That(_bench.Do(4, 0, Command(1, 1)).Refusal, Is.EqualTo(Refusal.SessionStale));
    }

    [Test]
    public void A_sequence_beyond_the_window_is_refused_and_gets_through_once_enough_is_acknowledged()
    {
        Open(1);
        Assert.That(_bench.Do(2, 0, Command(1, 1024)).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That(_bench.Do(3, 0, Command(1, 1025)).Refusal, Is.EqualTo(Refusal.SessionWindowFull));
        Assert.That(_bench.Do(4, 0, Command(1, 1025, acknowledged: 1)).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That(_bench.Do(5, 0, Command(1, long.MaxValue, acknowledged: long.MaxValue - 1)).Outcome, Is.EqualTo(Outcome.Applied));
    }

    [Test]
    public void Large_replies_fill_a_session_but_the_oldest_unanswered_sequence_always_gets_through()
    {
        Open(1);
        var (index, sequence) = (2L, 2L);
        Answer answer;
        while ((answer = _bench.Do(index++, 0, Command(1, sequence++, length: 60_000))).Outcome == Outcome.Applied)
            Assert.That(sequence, Is.LessThan(30));
        Assert.That(answer.Refusal, Is.EqualTo(Refusal.SessionWindowFull));
        Assert.That(_bench.Do(index++, 0, Command(1, 1, length: 60_000)).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That(_bench.Do(index++, 0, Command(1, sequence, acknowledged: sequence - 2)).Outcome, Is.EqualTo(Outcome.Applied));
    }

    [Test]
    public void Of_a_reply_too_large_to_keep_it_is_told_that_the_command_was_applied()
    {
        Open(1);
        Assert.That(_bench.Do(2, 0, Command(1, 1, length: 65_537)).Reply.Length, Is.EqualTo(65_537));
        var again = _bench.Do(3, 0, Command(1, 1, length: 65_537));
        Assert.That((again.Outcome, again.Refusal, again.Position, again.Reply.Length), Is.EqualTo((Outcome.Applied, Refusal.ReplyNotKept, LogBench.At(2, 1), 0)));
    }

    [Test]
    public void A_session_ends_when_it_was_idle_for_its_timeout_of_log_time_and_not_before()
    {
        Open(1, idleMilliseconds: 10);
        Assert.That(_bench.Do(2, (10 * Millisecond) - 1, Command(1, 1)).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That(_bench.Do(3, 19 * Millisecond, Command(1, 1)).Outcome, Is.EqualTo(Outcome.Applied), "a repeated command is use, too");
        Assert.That(_bench.Do(4, 29 * Millisecond, Command(1, 1)).Refusal, Is.EqualTo(Refusal.SessionExpired));
        Assert.That(_bench.Do(5, 29 * Millisecond, Command(1, 2)).Refusal, Is.EqualTo(Refusal.SessionExpired));
        Assert.That(_bench.Machine.Ran, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_closed_session_is_gone_with_its_replies()
    {
        var empty = _bench.State.Hash;
        Open(1);
        _bench.Do(2, 0, SessionEntry.Close(new(1)));
        Assert.That((_bench.State.Hash, _bench.Table.Charge, _bench.Table.Count), Is.EqualTo((empty, 0L, 0)));
        Assert.That(_bench.Do(3, 0, Command(1, 1)).Refusal, Is.EqualTo(Refusal.SessionExpired));
        Assert.That(_bench.Do(4, 0, SessionEntry.Close(new(1))).Refusal, Is.EqualTo(Refusal.SessionExpired));
    }

    [Test]
    public void A_full_table_evicts_the_session_idle_for_longest_but_none_that_was_used_lately()
    {
        var bench = new SessionBench(SessionLimits.Default with { MaxSessions = 2, EvictAfterIdle = 10 * Millisecond });
        bench.Do(1, 0, SessionEntry.Open(TimeSpan.FromDays(1)));
        bench.Do(2, 0, SessionEntry.Open(TimeSpan.FromDays(1)));
        bench.Do(3, 0, Command(1, 1));
        Assert.That(bench.Do(4, (10 * Millisecond) - 1, SessionEntry.Open(TimeSpan.FromDays(1))).Refusal, Is.EqualTo(Refusal.SessionTableFull));
        Assert.That(bench.Do(5, 10 * Millisecond, SessionEntry.Open(TimeSpan.FromDays(1))).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That(bench.Do(6, 10 * Millisecond, Command(2, 1)).Refusal, Is.EqualTo(Refusal.SessionExpired));
        Assert.That(bench.Do(7, 10 * Millisecond, Command(1, 2)).Outcome, Is.EqualTo(Outcome.Applied));
    }

    [Test]
    public void Sixty_five_thousand_sessions_take_no_more_than_they_are_charged_and_expire_in_one_go()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var index = 1; index <= 65_536; index++)
            Open(index, idleMilliseconds: 1 + (index % 100));
        Assert.That(Open(65_537).Refusal, Is.EqualTo(Refusal.SessionTableFull));
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(_bench.Table.Charge * 2));
        Assert.That(_bench.Do(65_538, Millisecond * 200, SessionEntry.Open(TimeSpan.FromMinutes(1))).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That((_bench.Table.Count, _bench.Table.Counters.Expired.Value), Is.EqualTo((1, 65_536L)));
    }

    [Test]
    public void A_damaged_snapshot_of_sessions_is_refused_in_a_sentence()
    {
        Open(1);
        Open(2);
        _bench.Do(3, 0, Command(1, 1));
        _bench.Do(4, 0, Command(1, 2));
        var snapshot = _bench.Snapshot();
        var refused = 0;

        // In front stand the terms of the log, which no hash of the state covers, since the same state may come about in other terms: TermStartsTests.
        for (var at = _bench.State.Terms.ToBytes().Length; at < snapshot.Length - 8; at++)
        {
            foreach (var bit in new byte[] { 1, 128 })
            {
                var damaged = snapshot.ToArray();
                damaged[at] ^= bit;
                var copy = new SessionBench(SessionLimits.Default);
                try
                {
                    copy.Restore(damaged);
                    Assert.That(copy.State.Hash, Is.Not.EqualTo(_bench.State.Hash), $"the hash shows what the ranges do not, at byte {at}");
                }
                catch (InvalidDataException sentence)
                {
                    Assert.That(sentence.Message, Does.EndWith("."));
                    refused++;
                }
            }
        }

        Assert.That(refused, Is.GreaterThan(snapshot.Length / 2));
        Assert.That(() => new SessionBench(SessionLimits.Default).Restore(snapshot[..30]), Throws.TypeOf<InvalidDataException>());
    }

    private static byte[] Command(long session, long sequence, long acknowledged = 0, int length = 5) =>
        SessionEntry.Command(new(new(session), sequence, acknowledged, ChainMachine.Command(sequence, length)));

    private Answer Open(long index, int idleMilliseconds = 60_000) => _bench.Do(index, 0, SessionEntry.Open(TimeSpan.FromMilliseconds(idleMilliseconds)));
}
