using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>A session in a snapshot, without its replies.</summary>
internal readonly record struct SessionHead(SessionId Id, long IdleTimeout, long LastTime, LogIndex LastIndex, long Acknowledged, int Replies);

/// <summary>
/// The sessions of one moment, on their way into a snapshot, in front of the state machine's own bytes. Shares the replies with the
/// table, which never change; so taking it copies references, not replies. Belongs to whoever carries it to disk.
/// </summary>
/// <remarks>
/// Little-endian. 0: magic (u64). 8: sessions (u32). 12: zero (u32). Then each session, in the order of their last use: id (i64), idle
/// timeout (i64), time (i64) and index (i64) of its last entry, acknowledged up to (i64), replies (u32), zero (u32); and its replies in
/// the order of their sequences: sequence (i64), index (i64), term (i64), length (u32; <see cref="NotKept"/> for one not kept), bytes.
/// The state alone decides the bytes: last uses are entries, so they have an order that all replicas agree on.
/// </remarks>
internal sealed class SessionSnapshot(SessionHead[] heads, StoredReply[] replies)
{
    public const ulong Magic = 0x3130_5353_4553_5352; // "RSSESS01"
    public const int StartSize = 16;
    public const int HeadSize = 48;
    public const int ReplySize = 28;
    public const uint NotKept = uint.MaxValue;

    /// <summary>Bytes after which a piece ends.</summary>
    private const int PieceSize = 32 * 1024;

    private bool _hasStarted;
    private int _head;
    private int _reply;
    private int _lastReply;

    /// <summary>How many sessions.</summary>
    public int Count => heads.Length;

    /// <summary>Writes the next piece; false once everything has been written.</summary>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
        if (_hasStarted && _head == heads.Length && _reply == _lastReply)
            return false;
        var written = _hasStarted ? 0 : WriteStart(destination);
        while (written < PieceSize)
        {
            if (_reply < _lastReply)
                written += Write(destination, replies[_reply++]);
            else if (_head < heads.Length)
                written += Write(destination, heads[_head++]);
            else
                break;
        }

        return true;
    }

    private int WriteStart(IBufferWriter<byte> destination)
    {
        _hasStarted = true;
        var start = destination.GetSpan(StartSize);
        BinaryPrimitives.WriteUInt64LittleEndian(start, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(start[8..], (uint)heads.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(start[12..], 0);
        destination.Advance(StartSize);
        return StartSize;
    }

    private int Write(IBufferWriter<byte> destination, in SessionHead head)
    {
        _lastReply = _reply + head.Replies;
        var bytes = destination.GetSpan(HeadSize);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, head.Id.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], head.IdleTimeout);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], head.LastTime);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], head.LastIndex.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], head.Acknowledged);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[40..], (uint)head.Replies);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], 0);
        destination.Advance(HeadSize);
        return HeadSize;
    }

    private static int Write(IBufferWriter<byte> destination, StoredReply reply)
    {
        var size = ReplySize + reply.Bytes.Length;
        var bytes = destination.GetSpan(size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, reply.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], reply.Position.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], reply.Position.Term.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], reply.IsKept ? (uint)reply.Bytes.Length : NotKept);
        reply.Bytes.CopyTo(bytes[ReplySize..]);
        destination.Advance(size);
        return size;
    }
}
