using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>What a node's outbox promises, and for each promise the least history that breaks it. Members are written in digits to the base 4: 0x11 is members 0 and 2.</summary>
internal sealed class AvailableCheckTests
{
    private const string Key = "available/1";

    private readonly List<RunOperation> _operations = [];
    private readonly Dictionary<int, NodeView> _settled = [];
    private readonly HashSet<int> _spoilt = [];
    private long _time;

    [SetUp]
    public void BeginAnew()
    {
        (_time, _) = (0, _settled.Remove(0));
        _operations.Clear();
        _spoilt.Clear();
        foreach (var node in new[] { 1, 2, 3 })
            _settled[node] = new(node == 1, 1, 9, 9, "a") { Voters = [1, 2, 3], AcceptedWaiting = 0, AcceptedLost = 0 };
    }

    [Test]
    public void What_was_accepted_is_counted_once_and_what_is_unknown_at_most_once()
    {
        Add(0, node: 1, sequence: 1);
        Add(1, node: 2, kind: AnswerKind.Unknown);
        Add(2, node: 2, kind: AnswerKind.Failed);
        Assert.That(Find(0b00_00_01).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Find(0b00_01_01).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Find(0b00_10_01).Detail, Does.Contain("counts 2 times"));
        Assert.That(Find(0b00_00_10).Detail, Does.Contain("counts 2 times"));
        Assert.That(Find(0b01_00_01).Detail, Does.Contain("an add that was refused"));
        Assert.That(Find(0b01_00_00_01).Detail, Does.Contain("which nobody added"));
        Assert.That(Find(-1).Detail, Does.Contain("which no adds come to"));
        Assert.That(Find(0).Detail, Does.Contain("ends without").And.Contain("nothing waits there any more"));
    }

    [Test]
    public void What_a_node_took_with_it_or_a_spoilt_disk_lost_is_no_violation_but_twice_is()
    {
        Add(0, node: 2, sequence: 1);
        _spoilt.Add(2);
        Assert.That(Find(0).Detail, Does.Contain("counted once each but for 1"));
        Assert.That(Find(0b10).Detail, Does.Contain("counts 2 times"));
        _spoilt.Clear();
        _settled[1] = _settled[1] with { Voters = [1, 3] };
        Assert.That(Find(0).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Find(0b10).Verdict, Is.EqualTo(Verdict.Illegal));
    }

    [Test]
    public void What_still_waits_or_was_not_asked_for_at_the_end_is_not_decided()
    {
        Add(0, node: 2, sequence: 1);
        _settled[2] = _settled[2] with { AcceptedWaiting = 1 };
        Assert.That(Find(0).Detail, Does.Contain("said at the end that 1 wait"));
        Assert.That(Find(1).Verdict, Is.EqualTo(Verdict.Linearizable));
        _settled.Remove(2);
        Assert.That(Find(0).Verdict, Is.EqualTo(Verdict.Undecided));
        Assert.That(Find(null).Verdict, Is.EqualTo(Verdict.Undecided));
        _settled.Clear();
        Assert.That(Find(0).Detail, Does.Contain("no leader told"));
    }

    [Test]
    public void A_node_that_calls_writes_lost_has_broken_its_promise_unless_its_disk_was_spoilt()
    {
        Add(0, node: 2, sequence: 1);
        _settled[2] = _settled[2] with { AcceptedLost = 3 };
        Assert.That(Find(1).Detail, Does.Contain("Node 2 says that 3"));
        _spoilt.Add(2);
        Assert.That(Find(1).Verdict, Is.EqualTo(Verdict.Linearizable));
    }

    [Test]
    public void A_tentative_read_has_what_the_same_process_accepted_before_once()
    {
        Add(0, node: 1, sequence: 1);
        Read(1, node: 1, isTentative: true);
        Assert.That(Find(1).Verdict, Is.EqualTo(Verdict.Linearizable));
        Read(0, node: 2, isTentative: false);
        Read(0, node: 1, isTentative: true, life: 2);
        Read(0, node: 1, isTentative: true, life: 0);
        Assert.That(Find(1).Verdict, Is.EqualTo(Verdict.Linearizable), "another node, another process, or nobody knows which");
        Read(0, node: 1, isTentative: true);
        Assert.That(Find(1).Detail, Does.Contain("the process that answers had accepted before"));
    }

    [Test]
    public void A_tentative_read_does_not_count_twice()
    {
        Add(0, node: 1, sequence: 1);
        Read(2, node: 1, isTentative: true);
        Assert.That(Find(1).Detail, Does.Contain("counts 2 times"));
    }

    [Test]
    public void A_read_does_not_count_what_was_asked_for_later()
    {
        Read(1, node: 1);
        Add(0, node: 1, sequence: 1);
        Assert.That(Find(1).Detail, Does.Contain("asked for later"));
    }

    [Test]
    public void What_a_strong_read_has_seen_stays()
    {
        Add(0, node: 1, sequence: 1);
        Read(0, node: 2);
        Read(1, node: 2);
        Assert.That(Find(1).Detail, Does.Contain("1 were seen to be late"));
        Read(0, node: 3);
        Assert.That(Find(1).Detail, Does.Contain("which a strong read had seen before"));
    }

    [Test]
    public void Where_nothing_waits_any_more_everything_is_in_the_log()
    {
        Add(0, node: 1, sequence: 1);
        Read(1, node: 1, isTentative: true);
        Read(0, node: 2);
        Assert.That(Find(1).Verdict, Is.EqualTo(Verdict.Linearizable), "it still waited");
        Read(1, node: 1, isTentative: false);
        Read(0, node: 2);
        Assert.That(Find(1).Detail, Does.Contain("had said that nothing waits there"));
    }

    [Test]
    public void Writes_of_one_node_are_counted_in_the_order_in_which_it_accepted_them()
    {
        Add(0, node: 1, sequence: 1);
        Add(1, node: 1, sequence: 2);
        Add(2, node: 1, sequence: 1, epoch: 2);
        Read(0b00_00_01, node: 2);
        Read(0b00_01_01, node: 2);
        Assert.That(Find(0b01_01_01).Verdict, Is.EqualTo(Verdict.Linearizable));
        Read(0b00_01_00, node: 1, isTentative: true, life: 2);
        Assert.That(Find(0b01_01_01).Verdict, Is.EqualTo(Verdict.Linearizable), "over a state of before, just after a start");
        Read(0b00_01_00, node: 2, isTentative: true);
        Assert.That(Find(0b01_01_01).Detail, Does.Contain("which the same node accepted before it"));
        _operations.RemoveAt(_operations.Count - 1);
        Read(0b01_00_01, node: 3);
        Assert.That(Find(0b01_01_01).Verdict, Is.EqualTo(Verdict.Illegal), "an epoch after the one before");
    }

    [Test]
    public void Places_are_told_by_the_node_that_was_asked_once_each_and_in_order()
    {
        Add(0, node: 1, sequence: 1);
        Add(1, node: 2, sequence: 1);
        Assert.That(Find(0b0101).Verdict, Is.EqualTo(Verdict.Linearizable));
        Add(2, node: 1, sequence: 1);
        Assert.That(Find(0b010101).Detail, Does.Contain("Two writes have the place 1 of epoch 1"));
        _operations.RemoveAt(2);
        Add(2, node: 2, sequence: 3);
        Add(3, node: 2, sequence: 2);
        Assert.That(Find(0b01010101).Detail, Does.Contain("accepted before it a later one"));
        _operations[3] = _operations[3] with { Node = 3 };
        Assert.That(Find(0b01010101).Detail, Does.Contain("Node 2 accepted what node 3 was asked for"));
    }

    private void Add(int member, int node, long sequence = 0, long epoch = 1, AnswerKind kind = AnswerKind.Ok) => Keep(
        node, new(Key, OperationFunction.Add, AvailableLoad.AmountOf(member)) { Concern = "available" }, new(kind) { Accepted = kind == AnswerKind.Ok ? new(node, epoch, sequence) : null }, life: 1);

    private void Read(long value, int node, bool? isTentative = null, int life = 1) =>
        Keep(node, new(Key, OperationFunction.Read) { Level = isTentative is null ? null : AvailableLoad.Tentative }, new(AnswerKind.Ok, value) { IsTentative = isTentative }, life);

    private void Keep(int node, ClientCall call, ClientAnswer answer, int life) =>
        _operations.Add(new("available", 1, node, call, ++_time, ++_time, answer) { Life = life });

    private RunCheck Find(long? final) =>
        AvailableCheck.Check("available", _operations, [new("available", Key, 1, final is { } value ? value : null)], _settled, _spoilt);
}
