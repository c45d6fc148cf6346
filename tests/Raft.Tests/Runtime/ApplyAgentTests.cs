using System.Buffers;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ApplyAgentTests
{
    private readonly BoundedQueue<ApplyWork> _work = RuntimeBench.Queue<ApplyWork>();
    private readonly BoundedQueue<ApplyDone> _done = RuntimeBench.Queue<ApplyDone>();
    private readonly BoundedQueue<EntryRun> _spare = RuntimeBench.Queue<EntryRun>();

    [Test]
    public void Each_caller_gets_the_reply_to_its_own_command_and_the_run_comes_back_empty()
    {
        var agent = Agent(new SumMachine());
        var requests = Add(1, 2, 3);
        agent.Poll(new MonotonicClock());
        Assert.That(requests.Select(static request => SumMachine.ValueOf(request.Answers.Single())), Is.EqualTo(new[] { 1L, 3L, 6L }));
        Assert.That(_spare.TakeAll().Single().Count, Is.Zero);
        Assert.That(_done.TakeAll().Single().Applied, Is.EqualTo(LogBench.At(3, 1)));
    }

    [Test]
    public void When_the_state_machine_throws_its_callers_are_told_that_nobody_knows_each_once()
    {
        var agent = Agent(new FaultyMachine());
        var requests = Add(1, 2);
        Assert.That(() => agent.Poll(new MonotonicClock()), Throws.InvalidOperationException);
        agent.Stop();
        agent.Stop();
        Assert.That(requests.Select(static request => (request.Answers.Single().Outcome, request.Answers.Single().Refusal)), Is.All.EqualTo((Outcome.Unknown, Refusal.Stopped)));
    }

    [Test]
    public void When_a_query_throws_its_caller_is_refused_once()
    {
        var agent = Agent(new FaultyMachine());
        var query = new TestRequest(RequestKind.Read);
        _work.TryEnqueue(new() { Kind = ApplyWorkKind.Query, Request = query });
        Assert.That(() => agent.Poll(new MonotonicClock()), Throws.InvalidOperationException);
        agent.Stop();
        Assert.That(query.Answers.Single().Refusal, Is.EqualTo(Refusal.Stopped));
    }

    [Test]
    public void A_state_is_captured_exactly_at_a_snapshot_point()
    {
        var agent = Agent(new SumMachine());
        Add(1, 2);
        AddPoint(3);
        Add(4);
        PollAll(agent);
        Assert.That(_done.TakeAll().Select(static done => done.Captured?.Position.Index.Value), Is.EqualTo(new long?[] { null, 3, null }));
    }

    [Test]
    public void A_point_that_comes_while_a_state_is_still_being_saved_is_passed_by()
    {
        var agent = Agent(new SumMachine());
        AddPoint(1);
        AddPoint(2);
        PollAll(agent);
        var captured = _done.TakeAll().ConvertAll(static done => done.Captured);
        Assert.That(captured.ConvertAll(static state => state?.Position.Index.Value), Is.EqualTo(new long?[] { 1, null }));
        captured[0]!.View.Dispose();
        captured[0]!.View.Dispose();
        AddPoint(3);
        PollAll(agent);
        Assert.That(_done.TakeAll().Single().Captured, Is.Not.Null);
        Assert.That((agent.Counters.Captures.Value, agent.Counters.CapturesSkipped.Value), Is.EqualTo((2L, 1L)));
    }

    [Test]
    public void Plain_commands_are_applied_without_an_allocation_once_warm()
    {
        var agent = Agent(new SumMachine());
        var clock = new MonotonicClock();
        var run = new EntryRun();
        var command = SumMachine.Add(1);
        var index = 0L;
        Rounds(200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Rounds(2_000);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(agent.Applied.Index.Value, Is.EqualTo(2_200 * 8));

        void Rounds(int count)
        {
            for (; count > 0; count--)
            {
                for (var i = 0; i < 8; i++)
                    run.Add(new(new(new(++index), new(1)), 0, command), null, 56);
                _work.TryEnqueue(new() { Kind = ApplyWorkKind.Entries, Run = run });
                agent.Poll(clock);
                _done.TryDequeue(out _);
                _spare.TryDequeue(out run!);
            }
        }
    }

    /// <summary>A turn may end before the work does.</summary>
    private void PollAll(ApplyAgent agent)
    {
        while (_work.Count > 0)
            agent.Poll(new MonotonicClock());
    }

    private ApplyAgent Agent(IStateMachine machine) => new(new(machine, SessionLimits.Default), _work, _done, _spare);

    private void AddPoint(long index)
    {
        var run = new EntryRun();
        run.EndAtSnapshotPoint(LogBench.At(index, 1), 0, 40);
        _work.TryEnqueue(new() { Kind = ApplyWorkKind.Entries, Run = run });
    }

    private TestRequest[] Add(params long[] deltas)
    {
        var run = new EntryRun();
        var requests = deltas.Select(static _ => new TestRequest()).ToArray();
        for (var i = 0; i < deltas.Length; i++)
            run.Add(new(LogBench.At(deltas[i], 1), 0, SumMachine.Add(deltas[i])), requests[i], 56);
        _work.TryEnqueue(new() { Kind = ApplyWorkKind.Entries, Run = run });
        return requests;
    }
}

/// <summary>A state machine that cannot do anything.</summary>
internal sealed class FaultyMachine : IStateMachine
{
    public ulong StateHash => 0;

    public void Apply(in CommandBatch batch, ref Results results) => throw new InvalidOperationException("The sum is broken.");

    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => throw new InvalidOperationException("The sum is broken.");

    public ISnapshotView Capture() => throw new InvalidOperationException("The sum is broken.");

    public void Restore(ISnapshotReader reader) => throw new InvalidDataException("The sum is broken.");
}
