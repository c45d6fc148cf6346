using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>
/// How far the outbox of each node has come into the log: replicated state, the same on every replica after the same entry. Decides which of their commands reach
/// the state machine. Owned by whoever applies the log.
/// </summary>
/// <remarks>
/// [safety] Of each node one place is known, that of the last command that was run, and places only go up: within an epoch one by one, to a later epoch at its
/// first command. So a command is run at most once, however often, late or out of order it comes, and what stands behind a gap is not run at all. An epoch that a later
/// one has followed never comes back, and nothing more need be remembered of it: the table has one place a node, for good.
/// Whether an epoch was drained before the next began is the outbox's to see to: here the rest of it is refused, never run.
/// </remarks>
internal sealed class OutboxTable
{
    /// <summary>
    /// Nodes at the most: ids are never used again, so they add up over the life of a cluster. The same on every replica, for what is answered follows from it.
    /// </summary>
    public const int MaxNodes = 1024;

    private const ulong Magic = 0x3130_5855_4F42_5352; // "RSBOUX01"
    private const int StartSize = 16;
    private const int PlaceSize = 40;

    private readonly SortedDictionary<int, OutboxPlace> _last = [];

    /// <summary>Nodes of which something was run.</summary>
    public int Count => _last.Count;

    /// <summary>The hash of everything in here; 0 without any.</summary>
    public ulong Hash { get; private set; }

    /// <summary>The last command of a node that was run; none: all zero.</summary>
    public OutboxPlace LastOf(NodeId node) => _last.GetValueOrDefault(node.Value);

    /// <summary>Judges a command: None for one that is to be run now, <see cref="Refusal.ReplyNotKept"/> for one that was run before; any other is not run.</summary>
    public Refusal Judge(in OutboxEntry entry)
    {
        var (place, isKnown) = (entry.Place, _last.TryGetValue(entry.Node.Value, out var last));
        if (!isKnown && _last.Count == MaxNodes)
            return Refusal.OutboxTableFull;
        if (place.Start < last.Start || (place.Start == last.Start && place.Epoch != last.Epoch))
            return Refusal.OutboxRetired;
        var before = place.Start == last.Start ? last.Sequence : 0;
        if (place.Sequence <= before)
            return Refusal.ReplyNotKept;
        if (place.Sequence > before + 1)
            return Refusal.OutboxGap;
        Set(entry.Node.Value, place);
        return Refusal.None;
    }

    /// <summary>All of it as bytes for a snapshot: the state alone decides them.</summary>
    /// <remarks>0: magic (u64). 8: nodes (u32). 12: zero (u32). Then each node, in the order of the ids: id (i64), start (i64), epoch (u128), sequence (i64).</remarks>
    public byte[] ToBytes()
    {
        var bytes = new byte[StartSize + (_last.Count * PlaceSize)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (uint)_last.Count);
        var rest = bytes.AsSpan(StartSize);
        foreach (var (node, place) in _last)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, node);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], place.Start);
            BinaryPrimitives.WriteUInt128LittleEndian(rest[16..], place.Epoch);
            BinaryPrimitives.WriteInt64LittleEndian(rest[32..], place.Sequence);
            rest = rest[PlaceSize..];
        }

        return bytes;
    }

    /// <summary>Replaces everything by what a snapshot holds, and leaves the source behind it.</summary>
    /// <exception cref="InvalidDataException">It holds no such table, or one that no log could have led to.</exception>
    public void Restore(ISnapshotReader source)
    {
        Span<byte> bytes = stackalloc byte[PlaceSize];
        Fill(source, bytes[..StartSize]);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic)
            throw new InvalidDataException("The snapshot has no outboxes behind the terms of its log: it was written by another release, use the one that wrote it.");
        if (count > MaxNodes || BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) != 0)
            throw Damaged("their number");
        _last.Clear();
        Hash = 0;
        var before = 0L;
        for (; count > 0; count--)
        {
            Fill(source, bytes);
            var node = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            var place = new OutboxPlace(
                BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt128LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]));
            if (node <= before || node > NodeId.MaxValue || place.Start < 1 || place.Sequence < 1)
                throw Damaged($"node {node}");
            Set((int)node, place);
            before = node;
        }
    }

    private void Set(int node, in OutboxPlace place)
    {
        if (_last.TryGetValue(node, out var before))
            Hash -= HashOf(node, before);
        _last[node] = place;
        Hash += HashOf(node, place);
    }

    private static ulong HashOf(int node, in OutboxPlace place)
    {
        var hash = SessionHash.Add(SessionHash.Add(SessionHash.Add(3, node), place.Start), (long)(ulong)place.Epoch);
        return SessionHash.Add(SessionHash.Add(hash, (long)(ulong)(place.Epoch >> 64)), place.Sequence);
    }

    private static void Fill(ISnapshotReader source, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = source.Read(destination);
            if (read == 0)
                throw Damaged("where they end");
            destination = destination[read..];
        }
    }

    private static InvalidDataException Damaged(string what) => new($"The snapshot's outboxes are damaged at {what}: restore another copy of it.");
}
