using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>Over the core of a node that is a cluster of its own.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ClientRequestsTests
{
    private readonly RaftCore _core = new(
        new() { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) },
        new([new NodeId(1)]),
        new(1),
        CoreRecovery.Empty,
        seed: 1,
        new Instant(0));

    private readonly BoundedQueue<ApplyWork> _apply = RuntimeBench.Queue<ApplyWork>();
    private readonly ApplyFeed _feed;
    private readonly ClientRequests _requests;
    private Instant _now;

    public ClientRequestsTests()
    {
        _feed = new(new(1 << 20), RuntimeBench.Queue<DiskWork>(), _apply, RuntimeBench.Queue<EntryRun>(), new(1 << 20, 1 << 20), LogIndex.Zero);
        _requests = new(_core, _feed, new(), maxWaiting: 4);
    }

    [Test]
    public void Where_nobody_leads_every_request_is_refused_once()
    {
        var read = new TestRequest(RequestKind.Read);
        _requests.Read(read, _now, LogIndex.Zero);
        var proposal = new TestRequest();
        Assert.That(_requests.Admit(proposal), Is.True);
        _requests.RefuseBatch(Refusal.NotLeader);
        _requests.RefuseBatch(Refusal.NotLeader);
        Assert.That(read.Answers.Single().Refusal, Is.EqualTo(Refusal.NoLeader));
        Assert.That(proposal.Answers.Single(), Is.EqualTo(new Answer(Outcome.Rejected, Refusal.NotLeader, default, default)));
    }

    [Test]
    public void A_payload_larger_than_the_log_takes_is_refused_alone()
    {
        var (large, small) = (new TestRequest(length: LogRecord.MaxPayload + 1), new TestRequest());
        Assert.That((_requests.Admit(large), _requests.Admit(small)), Is.EqualTo((false, true)));
        Assert.That(large.Answers.Single().Refusal, Is.EqualTo(Refusal.TooLarge));
        Assert.That(small.Answers, Is.Empty);
    }

    [Test]
    public void Reads_become_queries_in_the_order_in_which_they_were_asked()
    {
        Lead();
        var reads = Enumerable.Range(0, 3).Select(static _ => new TestRequest(RequestKind.Read)).ToArray();
        foreach (var read in reads)
        {
            _requests.Read(read, _now, LogIndex.Zero);
            _requests.Finish(_core.Output);
        }

        _feed.Install(new(new(1), new(1)));
        _feed.Restore(null!);
        _feed.Poll(new(1));
        Assert.That(_apply.TakeAll().Skip(1).Select(static work => work.Request), Is.EqualTo(reads));
        Assert.That(reads.SelectMany(static read => read.Answers), Is.Empty);
    }

    [Test]
    public void More_reads_than_may_wait_are_refused_as_too_many()
    {
        Lead();
        var reads = Enumerable.Range(0, 6).Select(static _ => new TestRequest(RequestKind.ReadLocal)).ToArray();
        foreach (var read in reads)
            _requests.Read(read, _now, new(9));
        Assert.That(reads.Skip(4).Select(static read => read.Answers.Single().Refusal), Is.All.EqualTo(Refusal.Overloaded));
        Assert.That(reads.Take(4).SelectMany(static read => read.Answers), Is.Empty);
    }

    [Test]
    public void An_accepted_batch_waits_for_its_entries_and_stopping_answers_each_once()
    {
        Lead();
        var batch = Enumerable.Range(0, 3).Select(static _ => new TestRequest()).ToArray();
        foreach (var request in batch)
            _requests.Admit(request);
        var proposed = _core.Propose(_now, [new(EntryKind.Command, 8), new(EntryKind.Command, 8), new(EntryKind.Command, 8)]);
        var records = new byte[3 * LogRecord.SizeOf(8)];
        _requests.AcceptBatch(proposed, time: 77, records);
        for (var place = 0; place < 3; place++)
        {
            Assert.That(LogRecord.TryRead(records.AsSpan(place * LogRecord.SizeOf(8)), out var record), Is.True);
            Assert.That(record, Is.EqualTo(new LogRecord(new(proposed.First + place, proposed.Term), 77, EntryKind.Command, 8)));
        }

        _requests.Stop();
        Assert.That(batch.SelectMany(static request => request.Answers), Is.Empty);
        _feed.Stop();
        _feed.Stop();
        Assert.That(batch.Select(static request => request.Answers.Single().Outcome), Is.All.EqualTo(Outcome.Unknown));
    }

    /// <summary>Becomes the leader, its opening entry committed.</summary>
    private void Lead()
    {
        _now = _core.Output.NextDeadline;
        _core.Tick(_now);
        for (var sequence = 1; _core.Output.WriteSequence > 0 && sequence < 10; sequence++)
            _core.LogDurable(_now, _core.Output.WriteSequence);
        Assert.That(_core.OwnTermCommitted, Is.True);
    }
}
