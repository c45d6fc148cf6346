using System.Buffers;
using RaftStream.Client.Protocol;
using RaftStream.Raft;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Tests.Protocol;

/// <summary>The messages as bytes: what is written is read back, and what is out of range is refused with a sentence.</summary>
internal sealed class MessageTests
{
    private static readonly RequestMessage[] Requests =
    [
        new(RequestKind.Add) { Key = "a", Delta = long.MinValue, Concern = ClientWriteConcern.Leader },
        new(RequestKind.Add) { Key = new string('x', 4_096), Delta = long.MaxValue, Session = new(uint.MaxValue, 9, 2, 1) },
        new(RequestKind.CompareAndSet) { Key = "ü", Expected = null, Value = -1 },
        new(RequestKind.CompareAndSet) { Key = "k", Expected = 5, Value = 6, Session = new(0, 1, 1, 0) },
        new(RequestKind.Delete) { Key = "k" },
        new(RequestKind.Max) { Key = "k", Value = -70, Concern = ClientWriteConcern.Available },
        new(RequestKind.Max) { Key = "k", Value = 70_000, Session = new(0, 1, 1, 0) },
        new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Tentative) },
        new(RequestKind.Get) { Key = "k" },
        new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.BoundedStaleness, MaxAgeMs: 86_400_000) },
        new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Session, Token: new(3, 57)) },
        new(RequestKind.Top) { Limit = 10_000, Level = new(ConsistencyLevel.Eventual) },
        new(RequestKind.RangeSum) { From = long.MinValue, To = long.MaxValue },
        new(RequestKind.RangeSum) { From = 7, To = -7, Level = new(ConsistencyLevel.Session, Token: new(0, 3)) },
        new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "", 1, null) },
        new(RequestKind.Watch) { Watch = new(ClientFilterKind.Key, "k", 60_000, WatchFrom.Behind(new(3, long.MaxValue - 1))) },
        new(RequestKind.Watch) { Watch = new(ClientFilterKind.Prefix, "ü", 1_000, new(uint.MaxValue, new(5, 0, null, ""), IsNew: false)) },
        new(RequestKind.Watch) { Watch = new(ClientFilterKind.Prefix, "p", 1_000, new(0, new(5, WatchMark.Whole, ulong.MaxValue, "listed"), IsNew: false)) },
        new(RequestKind.OpenSession) { IdleTimeoutMs = 1 },
        new(RequestKind.CloseSession) { Session = new(1, 8, 0, 0) },
        new(RequestKind.Confirm) { Position = new(0, 57, 3) },
        new(RequestKind.Status),
    ];

    private static readonly AnswerMessage[] Answers =
    [
        new(AnswerKind.Plain) { Id = 1, Outcome = ClientOutcome.Lost, Index = 5, Term = 2 },
        AnswerMessage.Refused(2, ClientOutcome.Unknown, ClientRefusal.NotLeader, "No.") with { Leader = 3, LeaderAddress = "host:1" },
        new(AnswerKind.Counter) { Id = long.MaxValue, Value = -3, Exists = true, Matched = true, Level = ConsistencyLevel.Quorum, AgeMicroseconds = 0 },
        new(AnswerKind.Tentative) { Id = 3, Value = 9, Exists = true, Matched = true, IsTentative = true, Level = ConsistencyLevel.Tentative },
        new(AnswerKind.Accepted) { Id = 3, Outcome = ClientOutcome.Accepted, Level = ConsistencyLevel.Available, Epoch = 5, Sequence = long.MaxValue },
        new(AnswerKind.Sum) { Id = 3, Sum = Int128.MinValue, Count = 1 },
        new(AnswerKind.Sum) { Id = 3, Sum = Int128.MaxValue, Count = long.MaxValue },
        new(AnswerKind.Sum) { Id = 3, Sum = -1, Count = 5 },
        new(AnswerKind.Sum) { Id = 3, Sum = (Int128)ulong.MaxValue + 1 },
        new(AnswerKind.Session) { Id = 4, Incarnation = 2, Session = 88 },
        new(AnswerKind.Status) { Id = 5, Leads = true, NodeTerm = 6, Applied = 7, Leader = 1 },
        new(AnswerKind.Fault) { Outcome = ClientOutcome.Rejected, Refusal = ClientRefusal.BadRequest, Problem = "Wrong." },
    ];

    [TestCaseSource(nameof(Requests))]
    public void A_request_is_read_back_as_it_was_written(object written)
    {
        var request = (RequestMessage)written with { Id = 77, DeadlineMs = 1_234 };
        Assert.That(RequestMessage.TryRead(Bytes(request), out var read, out var problem), problem);
        Assert.That(read, Is.EqualTo(request));
    }

    [TestCaseSource(nameof(Answers))]
    public void An_answer_is_read_back_as_it_was_written(object written)
    {
        var answer = (AnswerMessage)written;
        Assert.That(AnswerMessage.TryRead(Bytes(answer), out var read));
        Assert.That(read, Is.EqualTo(answer));
    }

    [Test]
    public void A_top_list_is_read_back_as_it_was_written()
    {
        var answer = new AnswerMessage(AnswerKind.Top) { Id = 1, Total = -5, Distinct = 2, Rows = [new("a", 1), new("b", -6)] };
        Assert.That(AnswerMessage.TryRead(Bytes(answer), out var read));
        Assert.That(read.Rows, Is.EqualTo(answer.Rows));
        Assert.That((read.Total, read.Distinct), Is.EqualTo((-5L, 2L)));
    }

    [Test]
    public void A_read_of_several_counters_is_read_back_as_it_was_written_and_is_never_too_large()
    {
        var request = new RequestMessage(RequestKind.GetMany) { Id = long.MaxValue, DeadlineMs = 600_000, Level = new(ConsistencyLevel.Session, Token: new(uint.MaxValue, long.MaxValue)) };
        foreach (var keys in new string[][] { ["a"], [.. Enumerable.Repeat("0123456789abc", 1_000)], [.. Enumerable.Repeat(new string('x', 3_997), 4)] })
        {
            var bytes = Bytes(request with { Keys = keys });
            Assert.That(bytes, Has.Length.LessThanOrEqualTo(FrameCutter.LargestRequest));
            Assert.That(keys.Sum(static key => key.Length + RequestMessage.KeyOverhead), Is.LessThanOrEqualTo(RequestMessage.MaxKeysBytes));
            Assert.That(RequestMessage.TryRead(bytes, out var read, out var problem), problem);
            Assert.That(read.Keys, Is.EqualTo(keys));
            Assert.That((read.Id, read.Level), Is.EqualTo((request.Id, request.Level)));
        }

        var answer = new AnswerMessage(AnswerKind.Values) { Id = 1, Values = [1, null, long.MinValue] };
        Assert.That(AnswerMessage.TryRead(Bytes(answer), out var values));
        Assert.That(values.Values, Is.EqualTo(answer.Values));
    }

    [Test]
    public void A_page_of_a_watch_is_read_back_as_it_was_written()
    {
        WatchItem[] items =
        [
            new(ClientWatchKind.Reset, 0, "", 0, null), new(ClientWatchKind.Row, 9, "a", long.MinValue, null), new(ClientWatchKind.Progress, 9, "", 0, 9),
            new(ClientWatchKind.Changed, 10, "ü", -1, 9), new(ClientWatchKind.Deleted, long.MaxValue, new string('x', 4_096), 0, long.MaxValue),
        ];
        foreach (var mark in new WatchMark[] { new(0, 0, null, ""), new(long.MaxValue - 1, WatchMark.Whole, 0, "key") })
        {
            Assert.That(AnswerMessage.TryRead(Bytes(new AnswerMessage(AnswerKind.Watch) { Id = 1, Watch = new(mark, items) }), out var read));
            Assert.That((read.Watch!.Mark, read.Watch.Items), Is.EqualTo((mark, items)));
        }

        Assert.That(AnswerMessage.TryRead(Bytes(new AnswerMessage(AnswerKind.Watch) { Id = 1, Watch = new(default(WatchMark) with { Key = "" }, [.. Enumerable.Repeat(items[1], EventPage.MaxItems + 1)]) }), out _), Is.False, "more than a page can hold");
    }

    [Test]
    public void What_is_out_of_range_is_refused_with_a_sentence()
    {
        RequestMessage[] wrong =
        [
            new(RequestKind.Add) { Key = "" },
            new(RequestKind.Add) { Key = new string('x', 4_097) },
            new(RequestKind.Add) { Key = "k", Concern = (ClientWriteConcern)3 },
            new(RequestKind.Add) { Key = "k", Session = new(0, 1, 1, 1) },
            new(RequestKind.Add) { Key = "k", Session = new(0, 1, 0, 0) },
            new(RequestKind.Get) { Key = "k", Level = new((ConsistencyLevel)6) },
            new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.BoundedStaleness, MaxAgeMs: 0) },
            new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Session, Token: new(0, -1)) },
            new(RequestKind.Top) { Limit = 0 },
            new(RequestKind.Top) { Limit = 10_001 },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "", 0, null) },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "", 60_001, null) },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "k", 1, null) },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.Key, "", 1, null) },
            new(RequestKind.Watch) { Watch = new((ClientFilterKind)3, "k", 1, null) },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "", 1, WatchFrom.Behind(new(0, -1))) },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "", 1, WatchFrom.Behind(new(0, long.MaxValue))) },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "", 1, new(0, new(1, -1, null, ""), IsNew: false)) },
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.All, "", 1, new(0, new(1, 0, 5, new string('x', 4_097)), IsNew: false)) },
            new(RequestKind.GetMany),
            new(RequestKind.GetMany) { Keys = ["a", ""] },
            new(RequestKind.GetMany) { Keys = [.. Enumerable.Repeat("k", 1_001)] },
            new(RequestKind.OpenSession),
            new(RequestKind.CloseSession),
            new(RequestKind.Confirm) { Position = new(0, 1, 0) },
        ];
        foreach (var request in wrong)
        {
            Assert.That(RequestMessage.TryRead(Bytes(request with { Id = 7, DeadlineMs = 1 }), out var read, out var problem), Is.False, request.ToString());
            Assert.That(problem, Does.EndWith("."), request.ToString());
            Assert.That(read.Id, Is.EqualTo(7), "whoever sent it can be told which one it was");
        }

        Assert.That(RequestMessage.TryRead(Bytes(new RequestMessage(RequestKind.Status) { Id = 7, DeadlineMs = 600_001 }), out _, out _), Is.False);
        Assert.That(RequestMessage.TryRead(Bytes(new RequestMessage(RequestKind.Status) { Id = 0, DeadlineMs = 1 }), out _, out _), Is.False);
        Assert.That(RequestMessage.TryRead([.. Bytes(new RequestMessage(RequestKind.Status) { Id = 7, DeadlineMs = 1 }), 0], out _, out _), Is.False, "a byte behind the end");
    }

    [Test]
    public void Greetings_are_read_back_as_they_were_written()
    {
        var greeting = new ClientGreeting(Guid.NewGuid(), "bench");
        Assert.That(ClientHandshake.TryReadGreeting(ClientHandshake.Write(greeting)), Is.EqualTo(greeting));
        Assert.That(ClientHandshake.TryReadGreeting(ClientHandshake.Write(new ClientGreeting(null, ""))), Is.EqualTo(new ClientGreeting(null, "")));
        var welcome = new ClientWelcome(0, null) { ClusterId = Guid.NewGuid(), Incarnation = 3, Node = 2, MaxInFlight = 1_024, MaxRequest = 16_384 };
        Assert.That(ClientHandshake.TryReadWelcome(ClientHandshake.Write(welcome)), Is.EqualTo(welcome));
    }

    [Test]
    public void Codes_mean_the_same_in_the_node()
    {
        Assert.That(Names<ClientOutcome>(), Is.EqualTo(Names<Outcome>()));
        Assert.That(Names<ClientWriteConcern>(), Is.EqualTo(Names<WriteConcern>()));
        Assert.That(Names<ClientWatchKind>(), Is.EqualTo(Names<WatchEventKind>()));

        // Changes of the members and idempotency keys are no business of this protocol: it has sessions.
        var own = Names<Refusal>().Where(static name => (Refusal)name.Key is < Refusal.ChangeUnderWay or > Refusal.IdUsed and not (Refusal.IdempotencyKeyReused or Refusal.IdempotencyTableFull));
        Assert.That(Names<ClientRefusal>().Where(static name => name.Key < 100), Is.EqualTo(own));
    }

    private static SortedDictionary<byte, string> Names<T>()
        where T : struct, Enum => new(Enum.GetValues<T>().ToDictionary(static value => Convert.ToByte(value, System.Globalization.CultureInfo.InvariantCulture), static value => value.ToString()));

    internal static byte[] Bytes(RequestMessage request)
    {
        var output = new ArrayBufferWriter<byte>();
        request.Write(output);
        return output.WrittenSpan.ToArray();
    }

    internal static byte[] Bytes(AnswerMessage answer)
    {
        var output = new ArrayBufferWriter<byte>();
        answer.Write(output);
        return output.WrittenSpan.ToArray();
    }
}
