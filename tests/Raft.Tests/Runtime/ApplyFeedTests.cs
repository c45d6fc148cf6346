using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Runtime;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ApplyFeedTests
{
    private readonly EntryCache _cache = new(1 << 20);
    private readonly BoundedQueue<DiskWork> _disk = RuntimeBench.Queue<DiskWork>();
    private readonly BoundedQueue<ApplyWork> _apply = RuntimeBench.Queue<ApplyWork>(4);
    private readonly BoundedQueue<EntryRun> _spare = RuntimeBench.Queue<EntryRun>();
    private readonly SnapshotPolicy _policy = new(afterBytes: 1 << 20, afterEntries: 100);

    public ApplyFeedTests()
    {
        for (var i = 0; i < 8; i++)
            _spare.TryEnqueue(new());
        Feed = new(_cache, _disk, _apply, _spare, _policy, LogIndex.Zero);
    }

    private ApplyFeed Feed { get; }

    [Test]
    public void Entries_are_handed_over_in_order_each_once()
    {
        _cache.Add(RuntimeBench.Index(1), 700, RuntimeBench.Records(1, 700));
        Feed.Poll(RuntimeBench.Index(10));
        Feed.Poll(RuntimeBench.Index(10));
        Feed.Poll(RuntimeBench.Index(700));
        var indexes = _apply.TakeAll().SelectMany(static work => work.Run!.Commands.ToArray()).Select(static command => command.Position.Index.Value);
        Assert.That(indexes, Is.EqualTo(Enumerable.Range(1, 700)));
    }

    [Test]
    public void A_proposal_is_matched_by_index_and_term_and_one_whose_place_went_to_another_is_told_so()
    {
        var (ours, replaced) = (new TestRequest(), new TestRequest());
        Feed.Expect(LogBench.At(1, 1), ours);
        Feed.Expect(LogBench.At(2, 1), replaced);
        _cache.Add(RuntimeBench.Index(1), 1, RuntimeBench.Records(1, 1));
        _cache.Add(RuntimeBench.Index(2), 1, RuntimeBench.Records(2, 2, term: 2));
        Feed.Poll(RuntimeBench.Index(2));
        var run = _apply.TakeAll().Single().Run!;
        Assert.That(run.Requests.ToArray(), Is.EqualTo(new ClientRequest?[] { ours, null }));
        Assert.That(replaced.Answers.Single().Outcome, Is.EqualTo(Outcome.Rejected));
        Assert.That(ours.Answers, Is.Empty);
    }

    [Test]
    public void Lost_leadership_makes_what_is_not_handed_over_unknown_and_leaves_the_rest()
    {
        var (handed, waiting) = (new TestRequest(), new TestRequest());
        Feed.Expect(LogBench.At(1, 1), handed);
        Feed.Expect(LogBench.At(2, 1), waiting);
        _cache.Add(RuntimeBench.Index(1), 2, RuntimeBench.Records(1, 2));
        Feed.Poll(RuntimeBench.Index(1));
        Feed.LoseProposals();
        Feed.Poll(RuntimeBench.Index(2));
        Assert.That(handed.Answers, Is.Empty);
        Assert.That(waiting.Answers.Single().Outcome, Is.EqualTo(Outcome.Unknown));
        Assert.That(_apply.TakeAll().Select(static work => work.Run!.Requests[0]), Is.EqualTo(new ClientRequest?[] { handed, null }));
    }

    [Test]
    public void A_read_is_handed_over_only_behind_its_index()
    {
        var read = new TestRequest(RequestKind.Read);
        Feed.Query(RuntimeBench.Index(3), read);
        _cache.Add(RuntimeBench.Index(1), 5, RuntimeBench.Records(1, 5));
        Feed.Poll(RuntimeBench.Index(2));
        Assert.That(_apply.TakeAll().Select(static work => work.Kind), Is.EqualTo(new[] { ApplyWorkKind.Entries }));
        Feed.Poll(RuntimeBench.Index(5));
        Assert.That(_apply.TakeAll().Select(static work => work.Kind), Is.EqualTo(new[] { ApplyWorkKind.Entries, ApplyWorkKind.Query }));
    }

    [Test]
    public void What_the_cache_dropped_is_read_from_disk_once()
    {
        _cache.Reset(RuntimeBench.Index(4));
        _cache.Add(RuntimeBench.Index(4), 1, RuntimeBench.Records(4, 4));
        Feed.Poll(RuntimeBench.Index(4));
        Feed.Poll(RuntimeBench.Index(4));
        var asked = _disk.TakeAll().Single();
        Assert.That((asked.Kind, asked.First.Value, asked.Count), Is.EqualTo((DiskWorkKind.ReadToApply, 1L, 4)));
        Feed.OnRead(asked.First, 3, RuntimeBench.Records(1, 3));
        Feed.OnRead(asked.First, 3, RuntimeBench.Records(1, 3));
        Feed.Poll(RuntimeBench.Index(4));
        Assert.That(_apply.TakeAll().Select(static work => work.Run!.Last.Index.Value), Is.EqualTo(new[] { 3L, 4L }));
    }

    [Test]
    public void A_snapshot_installed_in_between_takes_the_place_of_the_entries_and_late_reads_of_them_count_for_nothing()
    {
        _cache.Reset(RuntimeBench.Index(10));
        Feed.Poll(RuntimeBench.Index(9));
        Feed.Install(LogBench.At(20, 2));
        _cache.Reset(RuntimeBench.Index(21));
        _cache.Add(RuntimeBench.Index(21), 1, RuntimeBench.Records(21, 21, term: 2));
        Feed.OnRead(RuntimeBench.Index(1), 9, RuntimeBench.Records(1, 9));
        Feed.Poll(RuntimeBench.Index(21));
        Assert.That(_apply.Count, Is.Zero, "nothing is handed over before the snapshot");
        Feed.Restore(null!);
        Feed.Poll(RuntimeBench.Index(21));
        Assert.That(_apply.TakeAll().Select(static work => (work.Kind, work.Run?.Last.Index.Value)), Is.EqualTo(new (ApplyWorkKind, long?)[] { (ApplyWorkKind.Restore, null), (ApplyWorkKind.Entries, 21) }));
    }

    [Test]
    public void Full_queues_keep_a_place_for_a_snapshot_and_lose_nothing()
    {
        var reads = Enumerable.Range(0, 9).Select(static _ => new TestRequest(RequestKind.Read)).ToArray();
        foreach (var read in reads)
            Feed.Query(LogIndex.Zero, read);
        var handed = new List<ClientRequest?>();
        while (Feed.WaitingReads > 0)
        {
            Feed.Poll(LogIndex.Zero);
            Assert.That(_apply.Count, Is.InRange(1, _apply.Capacity - 1));
            handed.AddRange(_apply.TakeAll().Select(static work => work.Request));
        }

        Assert.That(handed, Is.EqualTo(reads));
    }

    [Test]
    public void Without_an_empty_run_it_waits_for_one()
    {
        var runs = _spare.TakeAll();
        _cache.Add(RuntimeBench.Index(1), 1, RuntimeBench.Records(1, 1));
        Assert.That(Feed.Poll(RuntimeBench.Index(1)), Is.Zero);
        _spare.TryEnqueue(runs[0]);
        Assert.That(Feed.Poll(RuntimeBench.Index(1)), Is.EqualTo(1));
    }

    [Test]
    public void A_run_ends_at_a_snapshot_point_and_the_next_one_begins_behind_it()
    {
        Add(EntryKind.Command, EntryKind.SnapshotPoint, EntryKind.Command, EntryKind.SnapshotPoint, EntryKind.SnapshotPoint);
        Feed.Poll(RuntimeBench.Index(5));
        var runs = _apply.TakeAll().ConvertAll(static work => (work.Run!.Last.Index.Value, work.Run.IsSnapshotPoint, work.Run.Count));
        Assert.That(runs, Is.EqualTo(new[] { (2L, true, 1), (4L, true, 1), (5L, true, 0) }));
    }

    [Test]
    public void A_run_read_from_disk_ends_at_a_snapshot_point_too()
    {
        _cache.Reset(RuntimeBench.Index(4));
        Feed.Poll(RuntimeBench.Index(3));
        byte[] records = [.. LogBench.Entry(1, 1).ToBytes(), .. Record(2, EntryKind.SnapshotPoint), .. LogBench.Entry(3, 1).ToBytes()];
        Feed.OnRead(RuntimeBench.Index(1), 3, records);
        var run = _apply.TakeAll().Single().Run!;
        Assert.That((run.Last.Index.Value, run.IsSnapshotPoint), Is.EqualTo((2L, true)));
        Feed.Poll(RuntimeBench.Index(3));
        Assert.That(_disk.TakeAll().Select(static asked => asked.First.Value), Is.EqualTo(new[] { 1L, 3L }), "the rest is read again");
    }

    [Test]
    public void Session_entries_are_handed_over_in_their_places_with_their_callers()
    {
        var caller = new TestRequest();
        Feed.Expect(LogBench.At(2, 1), caller);
        Add(EntryKind.Command, EntryKind.Session, EntryKind.Noop);
        Feed.Poll(RuntimeBench.Index(3));
        var run = _apply.TakeAll().Single().Run!;
        Assert.That((run.Count, run.IsSession(0), run.IsSession(1), run.HasSessions), Is.EqualTo((2, false, true, true)));
        Assert.That(run.Requests.ToArray(), Is.EqualTo(new ClientRequest?[] { null, caller }));
    }

    [Test]
    public void The_policy_learns_of_every_entry_handed_over_and_the_point_is_answered()
    {
        _cache.Add(RuntimeBench.Index(1), 100, RuntimeBench.Records(1, 100));
        Feed.Poll(RuntimeBench.Index(100));
        Assert.That(_policy.TryPropose(out var point), Is.True);
        Assert.That(_policy.TryPropose(out _), Is.False, "one is on its way");
        Feed.Expect(LogBench.At(101, 1), point!);
        _cache.Add(RuntimeBench.Index(101), 1, Record(101, EntryKind.SnapshotPoint));
        Feed.Poll(RuntimeBench.Index(101));
        Assert.That(_policy.TryPropose(out _), Is.False, "just taken");
        _cache.Add(RuntimeBench.Index(102), 100, RuntimeBench.Records(102, 201));
        Feed.Poll(RuntimeBench.Index(201));
        Assert.That(_policy.TryPropose(out _), Is.True, "the last one has arrived, so another may go");
    }

    [Test]
    public void Stopping_answers_everybody_once()
    {
        var (proposal, read) = (new TestRequest(), new TestRequest(RequestKind.Read));
        Feed.Expect(LogBench.At(1, 1), proposal);
        Feed.Query(RuntimeBench.Index(1), read);
        Feed.Stop();
        Feed.Stop();
        Assert.That((proposal.Answers.Single().Outcome, read.Answers.Single().Outcome), Is.EqualTo((Outcome.Unknown, Outcome.Rejected)));
    }

    private static byte[] Record(long index, EntryKind kind)
    {
        var record = new LogRecord(LogBench.At(index, 1), 0, kind, 0);
        var bytes = new byte[record.Size];
        record.Write(bytes, default);
        return bytes;
    }

    private void Add(params EntryKind[] kinds) =>
        _cache.Add(RuntimeBench.Index(1), kinds.Length, kinds.SelectMany((kind, place) => Record(place + 1, kind)).ToArray());
}
