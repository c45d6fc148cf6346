using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>A caller that keeps every answer it gets: exactly one is right.</summary>
internal sealed class TestRequest : ClientRequest
{
    public TestRequest(RequestKind kind = RequestKind.Propose, int length = 8) => (Kind, Payload) = (kind, new byte[length]);

    public List<Answer> Answers { get; } = [];

    public override void Complete(in Answer answer) => Answers.Add(answer);
}

/// <summary>A network that keeps what is sent.</summary>
internal sealed class TestNetwork : INetwork
{
    public List<(NodeId Peer, Lane Lane, byte[] Frame)> Sent { get; } = [];

    public bool TrySend(NodeId peer, Lane lane, ReadOnlySpan<byte> frame)
    {
        Sent.Add((peer, lane, frame.ToArray()));
        return true;
    }
}

/// <summary>A clock that a test moves by hand.</summary>
internal sealed class HandClock : IClock
{
    public Instant Now { get; set; } = new(1_000_000_000);
}

/// <summary>Small things that tests of the agents share.</summary>
internal static class RuntimeBench
{
    public static BoundedQueue<T> Queue<T>(int capacity = 16) => new(capacity, new Parker());

    /// <summary>Records of entries from one index to another, one behind the other.</summary>
    public static byte[] Records(long from, long to, long term = 1) =>
        [.. Enumerable.Range(0, (int)(to - from + 1)).SelectMany(place => LogBench.Entry(from + place, term).ToBytes())];

    public static List<T> TakeAll<T>(this BoundedQueue<T> queue)
    {
        var taken = new List<T>();
        while (queue.TryDequeue(out var item))
            taken.Add(item);
        return taken;
    }

    public static LogIndex Index(long value) => new(value);
}
