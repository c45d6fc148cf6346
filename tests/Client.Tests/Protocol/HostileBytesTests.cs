using System.Buffers;
using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Tests.Protocol;

/// <summary>Bytes nobody vouches for: whatever they are, they are read as what they say or refused, and nothing is thrown.</summary>
internal sealed class HostileBytesTests
{
    private const int Rounds = 50_000;

    private static readonly byte[][] Good =
    [
        MessageTests.Bytes(new RequestMessage(RequestKind.Add) { Id = 1, DeadlineMs = 5, Key = "key", Delta = 3, Session = new(1, 2, 3, 2) }),
        MessageTests.Bytes(new RequestMessage(RequestKind.CompareAndSet) { Id = 1, DeadlineMs = 5, Key = "key", Expected = 300, Value = 70_000 }),
        MessageTests.Bytes(new RequestMessage(RequestKind.Get) { Id = 1, DeadlineMs = 5, Key = "key", Level = new(ConsistencyLevel.Session, Token: new(1, 2)) }),
        MessageTests.Bytes(new RequestMessage(RequestKind.Max) { Id = 1, DeadlineMs = 5, Key = "key", Value = 3, Concern = ClientWriteConcern.Available }),
        MessageTests.Bytes(new RequestMessage(RequestKind.GetMany) { Id = 1, DeadlineMs = 5, Keys = ["a", "key", "ü"], Level = new(ConsistencyLevel.BoundedStaleness, MaxAgeMs: 7) }),
        MessageTests.Bytes(new RequestMessage(RequestKind.RangeSum) { Id = 1, DeadlineMs = 5, From = -300, To = 70_000 }),
        MessageTests.Bytes(new RequestMessage(RequestKind.Watch) { Id = 1, DeadlineMs = 5, Watch = new(ClientFilterKind.Prefix, "key", 300, new(1, new(70_000, 3, ulong.MaxValue, "listed"), IsNew: false)) }),
        MessageTests.Bytes(new RequestMessage(RequestKind.Watch) { Id = 1, DeadlineMs = 5, Watch = new(ClientFilterKind.All, "", 300, WatchFrom.Behind(new(0, 5))) }),
        MessageTests.Bytes(new RequestMessage(RequestKind.Ingest) { Id = 1, DeadlineMs = 5, Ingest = new("events", "in", "pump", 70_000, ["a", "", "ü 5"]) }),
        MessageTests.Bytes(new RequestMessage(RequestKind.Subscribe) { Id = 1, DeadlineMs = 5, Subscribe = new(300, "events", "changes", 70_000) }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Ingest) { Id = 1, Sequence = 70_000, Taken = 3 }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Outputs) { Id = 1, Outputs = new(9, [new(5, -300, "a 1"), new(8, long.MaxValue, "")]) }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Watch) { Id = 1, Watch = new(new(5, 0, null, ""), [new(ClientWatchKind.Changed, 5, "a", -7, 4), new(ClientWatchKind.Reset, 0, "", 0, null)]) }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Accepted) { Id = 1, Outcome = ClientOutcome.Accepted, Epoch = 3, Sequence = 5 }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Tentative) { Id = 1, Value = 5, Exists = true, IsTentative = true }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Values) { Id = 1, Values = [1, null, -300] }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Sum) { Id = 1, Sum = -5, Count = 2 }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Top) { Id = 1, Total = 5, Distinct = 2, Rows = [new("a", 1), new("b", 4)] }),
        MessageTests.Bytes(new AnswerMessage(AnswerKind.Counter) { Id = 9, Value = 5, Exists = true, Problem = "Because.", LeaderAddress = "h:1" }),
        ClientHandshake.Write(new ClientGreeting(Guid.NewGuid(), "me")),
        ClientHandshake.Write(new ClientWelcome(3, "No.") { Node = 2 }),
    ];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Damaged_messages_are_refused_or_read_as_what_they_say(int seed)
    {
        var random = new Random(seed);
        var (requests, answers) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Damaged(Good[random.Next(Good.Length)], random);
            if (RequestMessage.TryRead(bytes, out var request, out var problem))
            {
                requests++;
                var written = MessageTests.Bytes(request);
                Assert.That(RequestMessage.TryRead(written, out var again, out _) && MessageTests.Bytes(again).AsSpan().SequenceEqual(written), $"seed {seed}, round {round}");
                Assert.That(request.Keys.Append(request.Key).All(static key => key.Length <= RequestMessage.MaxKeyBytes));
            }
            else
            {
                Assert.That(problem, Is.Not.Empty);
            }

            if (AnswerMessage.TryRead(bytes, out var answer))
            {
                answers++;
                var written = MessageTests.Bytes(answer);
                Assert.That(AnswerMessage.TryRead(written, out var again) && MessageTests.Bytes(again).AsSpan().SequenceEqual(written), $"seed {seed}, round {round}");
            }

            Assert.That(ClientHandshake.TryReadGreeting(bytes) is null || Good.Any(good => good.AsSpan().SequenceEqual(bytes)), "a greeting has a checksum");
            _ = ClientHandshake.TryReadWelcome(bytes);
        }

        Assert.That((requests, answers), Is.GreaterThan((100, 100)), "some of the damage is in values only");
    }

    [TestCase(1)]
    [TestCase(2)]
    public void Frames_are_cut_whole_however_they_arrive_and_a_damaged_one_is_a_fault(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 2_000; round++)
        {
            var bodies = Enumerable.Range(0, 3).Select(_ => Good[random.Next(3)]).ToArray();
            var stream = bodies.SelectMany(static body => FakeNode.FrameOf(body)).ToArray();
            var hit = random.Next(2) == 0 ? -1 : random.Next(stream.Length);
            if (hit >= 0)
                stream[hit] ^= (byte)(1 << random.Next(8));
            var (cut, fault) = CutAll(stream, random);
            if (hit < 0)
                Assert.That(cut, Is.EqualTo(bodies), $"seed {seed}, round {round}");
            else
                Assert.That(fault || cut.Count < bodies.Length, $"seed {seed}, round {round}: byte {hit} was damaged and all frames were taken");
            Assert.That(cut.Zip(bodies).All(static pair => pair.First.AsSpan().SequenceEqual(pair.Second)), "what was taken is what was sent");
        }
    }

    [Test]
    public void A_frame_that_announces_too_much_is_a_fault_before_its_bytes_come()
    {
        var header = new byte[Frame.OuterSize];
        Frame.WriteOuter(header, FrameCutter.LargestRequest + 1);
        var buffer = new ReadOnlySequence<byte>(header);
        Assert.That(new FrameCutter(FrameCutter.LargestRequest).TryCut(ref buffer, out _, out var fault));
        Assert.That(fault, Is.EqualTo(FrameFault.TooLong));
    }

    private static (List<byte[]> Cut, bool Fault) CutAll(byte[] stream, Random random)
    {
        var cutter = new FrameCutter(FrameCutter.LargestRequest);
        List<byte[]> cut = [];
        var have = Array.Empty<byte>();
        for (var at = 0; at < stream.Length;)
        {
            var size = Math.Min(stream.Length - at, 1 + random.Next(40));
            var buffer = Segments([.. have, .. stream.AsSpan(at, size)], random);
            at += size;
            while (TryCut(cutter, ref buffer, cut, out var isFault))
            {
                if (isFault)
                    return (cut, true);
            }

            have = buffer.ToArray();
        }

        return (cut, false);
    }

    private static bool TryCut(FrameCutter cutter, ref ReadOnlySequence<byte> buffer, List<byte[]> cut, out bool isFault)
    {
        isFault = false;
        if (!cutter.TryCut(ref buffer, out var body, out var fault))
            return false;
        isFault = fault != FrameFault.None;
        if (!isFault)
            cut.Add(body.ToArray());
        return true;
    }

    /// <summary>The bytes as two pieces, as they may arrive.</summary>
    private static ReadOnlySequence<byte> Segments(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length);
        var (first, second) = (new Piece(bytes.AsMemory(0, at), 0), new Piece(bytes.AsMemory(at), at));
        first.Before(second);
        return new(first, 0, second, second.Memory.Length);
    }

    private static byte[] Damaged(byte[] good, Random random)
    {
        var bytes = good.ToArray();
        switch (random.Next(4))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                return [.. bytes, (byte)random.Next(256)];
            case 2:
                random.NextBytes(bytes.AsSpan(random.Next(bytes.Length)));
                return bytes;
            default:
                for (var hits = random.Next(1, 4); hits > 0; hits--)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public void Before(Piece next) => Next = next;
    }
}
