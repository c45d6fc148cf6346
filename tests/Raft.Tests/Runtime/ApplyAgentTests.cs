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
    public void A_snapshot_is_captured_after_as_many_bytes_as_were_asked_for()
    {
        var agent = Agent(new SumMachine(), snapshotAfterBytes: 150);
        for (var first = 1; first <= 4; first++)
        {
            Add(first);
            agent.Poll(new MonotonicClock());
        }

        Assert.That(_done.TakeAll().Select(static done => done.Captured?.Position.Index.Value), Is.EqualTo(new long?[] { null, null, 3, null }));
    }

    private ApplyAgent Agent(IStateMachine machine, long snapshotAfterBytes = 1 << 20) => new(machine, _work, _done, _spare, snapshotAfterBytes);

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
