using System.Buffers.Binary;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Wire;

/// <summary>What a frame between replicas holds: its first byte.</summary>
internal enum PeerFrameType : byte
{
    /// <summary>A core's message, with an append's records behind it.</summary>
    Message = 1,

    /// <summary>"Send me this chunk of that snapshot."</summary>
    ChunkRequest = 2,

    /// <summary>A piece of a snapshot: its manifest, then the list of its chunks, then a chunk.</summary>
    Chunk = 3,

    /// <summary>"I do not hold that snapshot any more."</summary>
    ChunkGone = 4,

    /// <summary>An entry out of the sender's outbox, for the log of whoever leads. Nothing is answered: the log shows whether it came.</summary>
    Forward = 5,
}

/// <summary>A chunk of a snapshot as asked for and sent: which snapshot, which chunk.</summary>
internal readonly record struct ChunkId(LogPosition Snapshot, int Chunk);

/// <summary>
/// Frames between replicas as bytes, little-endian. Reading never throws: what is not a whole, sound frame gives false.
/// </summary>
/// <remarks>
/// Every frame: 0 type (u8), 1 three zeros. Message: 4 kind (u8), 5 flags (u8: 1 accepted, 2 by transfer), 6 two zeros, 8 count (u32), 12 zero (u32), 16
/// term, 24 position index, 32 position term, 40 commit, 48 match, 56 round (i64 each), 64 disk (u64), 72 clock (i64), 80 life (u64), 88 echo (i64), 96 entry records. The sender and the
/// receiver are those of the connection, and are not repeated here. Chunks: 4 chunk number (u32), 8 snapshot index, 16 snapshot
/// term (i64), 24 bytes. Forward: 4 the entry.
/// </remarks>
internal static class PeerFrame
{
    /// <summary>The size of a message before its records, in bytes.</summary>
    public const int MessageSize = 96;

    /// <summary>The size of a chunk frame before its bytes.</summary>
    public const int ChunkHeaderSize = 24;

    /// <summary>The size of a forward frame before its entry.</summary>
    public const int ForwardHeaderSize = 4;

    /// <summary>Writes a message's fixed part.</summary>
    public static void WriteMessage(Span<byte> frame, in Message message)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)PeerFrameType.Message);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], (uint)message.Kind | (message.Accepted ? 1u << 8 : 0) | (message.ByTransfer ? 2u << 8 : 0));
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], message.Count);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], message.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[24..], message.Position.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[32..], message.Position.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[40..], message.Commit.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[48..], message.Match.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[56..], message.Round);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[64..], message.Disk);
        BinaryPrimitives.WriteInt64LittleEndian(frame[72..], message.Clock.Nanoseconds);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[80..], message.Life);
        BinaryPrimitives.WriteInt64LittleEndian(frame[88..], message.Echo.Value);
    }

    /// <summary>
    /// Reads a message, the shapes of its entries and, into <paramref name="configurations"/>, those of them that are such. False: not a
    /// message, or its records are damaged, not contiguous or more than <paramref name="shapes"/> holds.
    /// </summary>
    public static bool TryReadMessage(
        ReadOnlySpan<byte> frame, NodeId from, NodeId to, Span<EntryShape> shapes, out Message message, List<Configuration>? configurations = null)
    {
        message = default;
        configurations?.Clear();
        if (frame.Length < MessageSize || BinaryPrimitives.ReadUInt32LittleEndian(frame) != (uint)PeerFrameType.Message)
            return false;
        message = new()
        {
            Kind = (MessageKind)frame[4],
            From = from,
            To = to,
            Accepted = (frame[5] & 1) != 0,
            ByTransfer = (frame[5] & 2) != 0,
            Count = BinaryPrimitives.ReadInt32LittleEndian(frame[8..]),
            Term = new(BinaryPrimitives.ReadInt64LittleEndian(frame[16..])),
            Position = new(new(BinaryPrimitives.ReadInt64LittleEndian(frame[24..])), new(BinaryPrimitives.ReadInt64LittleEndian(frame[32..]))),
            Commit = new(BinaryPrimitives.ReadInt64LittleEndian(frame[40..])),
            Match = new(BinaryPrimitives.ReadInt64LittleEndian(frame[48..])),
            Round = BinaryPrimitives.ReadInt64LittleEndian(frame[56..]),
            Disk = BinaryPrimitives.ReadUInt64LittleEndian(frame[64..]),
            Clock = new(BinaryPrimitives.ReadInt64LittleEndian(frame[72..])),
            Life = BinaryPrimitives.ReadUInt64LittleEndian(frame[80..]),
            Echo = new(BinaryPrimitives.ReadInt64LittleEndian(frame[88..])),
        };
        return (uint)message.Count <= (uint)shapes.Length && TryReadEntries(frame[MessageSize..], message, shapes, configurations);
    }

    /// <summary>Writes a chunk frame's fixed part.</summary>
    public static void WriteChunk(Span<byte> frame, PeerFrameType type, in ChunkId id)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)type);
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], id.Chunk);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], id.Snapshot.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], id.Snapshot.Term.Value);
    }

    /// <summary>Reads a chunk frame's fixed part.</summary>
    public static bool TryReadChunk(ReadOnlySpan<byte> frame, out ChunkId id)
    {
        id = default;
        if (frame.Length < ChunkHeaderSize)
            return false;
        var chunk = BinaryPrimitives.ReadInt32LittleEndian(frame[4..]);
        var index = BinaryPrimitives.ReadInt64LittleEndian(frame[8..]);
        var term = BinaryPrimitives.ReadInt64LittleEndian(frame[16..]);
        id = new(new(new(index), new(term)), chunk);
        return chunk >= 0 && index > 0 && term > 0;
    }

    /// <summary>Writes a forward frame.</summary>
    public static void WriteForward(Span<byte> frame, ReadOnlySpan<byte> entry)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)PeerFrameType.Forward);
        entry.CopyTo(frame[ForwardHeaderSize..]);
    }

    /// <summary>Whether it is a forward frame, with an entry behind its header.</summary>
    public static bool IsForward(ReadOnlySpan<byte> frame) =>
        frame.Length > ForwardHeaderSize && BinaryPrimitives.ReadUInt32LittleEndian(frame) == (uint)PeerFrameType.Forward;

    private static bool TryReadEntries(ReadOnlySpan<byte> records, in Message message, Span<EntryShape> shapes, List<Configuration>? configurations)
    {
        var index = message.Position.Index;
        for (var place = 0; place < message.Count; place++)
        {
            index = index.Next;
            if (!LogRecord.TryRead(records, out var record) || record.Position.Index != index)
                return false;
            shapes[place] = record.Shape;
            if (record.Kind == EntryKind.Configuration)
            {
                if (ConfigurationFormat.TryRead(records.Slice(LogRecord.HeaderSize, record.Length)) is not { } configuration)
                    return false;
                configurations?.Add(configuration);
            }

            records = records[record.Size..];
        }

        return records.IsEmpty;
    }
}
