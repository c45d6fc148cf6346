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

    /// <summary>A chunk of a snapshot, or its manifest as the last one.</summary>
    Chunk = 3,

    /// <summary>"I do not hold that snapshot any more."</summary>
    ChunkGone = 4,
}

/// <summary>A chunk of a snapshot as asked for and sent: which snapshot, which chunk.</summary>
internal readonly record struct ChunkId(LogPosition Snapshot, int Chunk);

/// <summary>
/// Frames between replicas as bytes, little-endian. Reading never throws: what is not a whole, sound frame gives false.
/// </summary>
/// <remarks>
/// Message: 0 type (u8), 1 kind (u8), 2 accepted (u8), 3 zero, 4 count (u32), 8 term, 16 position index, 24 position term, 32
/// commit, 40 match, 48 round (i64 each), 56 entry records. The sender and the receiver are those of the connection, and are not
/// repeated here. Chunks: 0 type (u8), three zeros, 4 chunk number (u32), 8 snapshot index, 16 snapshot term (i64), 24 bytes.
/// </remarks>
internal static class PeerFrame
{
    /// <summary>The size of a message before its records, in bytes.</summary>
    public const int MessageSize = 56;

    /// <summary>The size of a chunk frame before its bytes.</summary>
    public const int ChunkHeaderSize = 24;

    /// <summary>Writes a message's fixed part.</summary>
    public static void WriteMessage(Span<byte> frame, in Message message)
    {
        frame[0] = (byte)PeerFrameType.Message;
        frame[1] = (byte)message.Kind;
        frame[2] = message.Accepted ? (byte)1 : (byte)0;
        frame[3] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], message.Count);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], message.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], message.Position.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[24..], message.Position.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[32..], message.Commit.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[40..], message.Match.Value);
        BinaryPrimitives.WriteInt64LittleEndian(frame[48..], message.Round);
    }

    /// <summary>
    /// Reads a message and the shapes of its entries. False: not a message, or its records are damaged, not contiguous or more than
    /// <paramref name="shapes"/> holds.
    /// </summary>
    public static bool TryReadMessage(ReadOnlySpan<byte> frame, NodeId from, NodeId to, Span<EntryShape> shapes, out Message message)
    {
        message = default;
        if (frame.Length < MessageSize || frame[0] != (byte)PeerFrameType.Message)
            return false;
        message = new()
        {
            Kind = (MessageKind)frame[1],
            From = from,
            To = to,
            Accepted = frame[2] != 0,
            Count = BinaryPrimitives.ReadInt32LittleEndian(frame[4..]),
            Term = new(BinaryPrimitives.ReadInt64LittleEndian(frame[8..])),
            Position = new(new(BinaryPrimitives.ReadInt64LittleEndian(frame[16..])), new(BinaryPrimitives.ReadInt64LittleEndian(frame[24..]))),
            Commit = new(BinaryPrimitives.ReadInt64LittleEndian(frame[32..])),
            Match = new(BinaryPrimitives.ReadInt64LittleEndian(frame[40..])),
            Round = BinaryPrimitives.ReadInt64LittleEndian(frame[48..]),
        };
        return (uint)message.Count <= (uint)shapes.Length && TryReadShapes(frame[MessageSize..], message, shapes);
    }

    /// <summary>Writes a chunk frame's fixed part.</summary>
    public static void WriteChunk(Span<byte> frame, PeerFrameType type, in ChunkId id)
    {
        frame[0] = (byte)type;
        frame[1..4].Clear();
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

    private static bool TryReadShapes(ReadOnlySpan<byte> records, in Message message, Span<EntryShape> shapes)
    {
        var index = message.Position.Index;
        for (var place = 0; place < message.Count; place++)
        {
            index = index.Next;
            if (!LogRecord.TryRead(records, out var record) || record.Position.Index != index)
                return false;
            shapes[place] = record.Shape;
            records = records[record.Size..];
        }

        return records.IsEmpty;
    }
}
