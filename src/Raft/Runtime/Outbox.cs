using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Sends the core's messages: at once, or when the write they wait for is durable. Owned by the consensus agent.
/// </summary>
/// <remarks>[safety] This is the one gate between the core's promises and the network: nothing with a sequence passes before its sync.</remarks>
internal sealed class Outbox(INetwork network, EntryCache cache, BoundedQueue<DiskWork> disk)
{
    /// <summary>Messages held back at the most; what comes beyond is dropped, as a network may.</summary>
    private const int MaxHeld = 16_384;

    private readonly Queue<Outgoing> _held = new();
    private byte[] _frame = new byte[4096];
    private long _completed;

    /// <summary>Sends a message, now or once its write is durable.</summary>
    public void Post(in Outgoing outgoing)
    {
        if (outgoing.AfterSequence <= _completed)
            Send(outgoing.Message);
        else if (_held.Count < MaxHeld)
            _held.Enqueue(outgoing);
    }

    /// <summary>
    /// All writes up to <paramref name="sequence"/> are durable. What was said in an earlier term than <paramref name="term"/> is not
    /// sent any more: the entries that it acknowledges may have been replaced since.
    /// </summary>
    public void Release(long sequence, Term term)
    {
        _completed = Math.Max(_completed, sequence);
        while (_held.TryPeek(out var first) && first.AfterSequence <= _completed)
        {
            _held.Dequeue();
            if (first.Message.Term == term)
                Send(first.Message);
        }
    }

    /// <summary>Sends an append whose records were read from disk.</summary>
    public void SendRead(in Message message, ReadOnlySpan<byte> records)
    {
        var frame = Frame(PeerFrame.MessageSize + records.Length);
        PeerFrame.WriteMessage(frame, message);
        records.CopyTo(frame[PeerFrame.MessageSize..]);
        network.TrySend(message.To, Lane.Bulk, frame);
    }

    /// <summary>Sends a chunk, or a request for one.</summary>
    public void SendChunk(NodeId peer, PeerFrameType type, in ChunkId id, ReadOnlySpan<byte> bytes)
    {
        var frame = Frame(PeerFrame.ChunkHeaderSize + bytes.Length);
        PeerFrame.WriteChunk(frame, type, id);
        bytes.CopyTo(frame[PeerFrame.ChunkHeaderSize..]);
        network.TrySend(peer, type == PeerFrameType.Chunk ? Lane.Snapshot : Lane.Control, frame);
    }

    /// <summary>Sends an entry of this node's outbox to whoever leads; nobody, where no leader is known.</summary>
    public void Forward(NodeId leader, ReadOnlySpan<byte> entry)
    {
        if (leader == NodeId.None)
            return;
        var frame = Frame(PeerFrame.ForwardHeaderSize + entry.Length);
        PeerFrame.WriteForward(frame, entry);
        network.TrySend(leader, Lane.Bulk, frame);
    }

    private void Send(in Message message)
    {
        var first = message.Position.Index.Next;
        if (message.Kind == MessageKind.Append && message.Count > 0 && !cache.Holds(first))
        {
            // A queue that is full costs a repeat: the core sends again what is not answered.
            disk.TryEnqueue(new() { Kind = DiskWorkKind.ReadForPeer, First = first, Count = message.Count, Message = message });
            return;
        }

        var size = PeerFrame.MessageSize;
        var count = message.Kind == MessageKind.Append ? message.Count : 0;
        for (var i = 0; i < count; i++)
            size += cache.RecordAt(first + i).Length;
        var frame = Frame(size);
        PeerFrame.WriteMessage(frame, message);
        var rest = frame[PeerFrame.MessageSize..];
        for (var i = 0; i < count; i++)
        {
            var record = cache.RecordAt(first + i).Span;
            record.CopyTo(rest);
            rest = rest[record.Length..];
        }

        network.TrySend(message.To, count > 0 ? Lane.Bulk : Lane.Control, frame);
    }

    private Span<byte> Frame(int size)
    {
        if (_frame.Length < size)
            _frame = new byte[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size)];
        return _frame.AsSpan(0, size);
    }
}
