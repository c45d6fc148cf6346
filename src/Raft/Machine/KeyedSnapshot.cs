using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>
/// The idempotency keys of one moment, on their way into a snapshot. Shares the replies with the table, which never change; so taking it copies references, not replies.
/// Belongs to whoever carries it to disk.
/// </summary>
/// <remarks>
/// Little-endian. 0: magic (u64). 8: keys (u32). 12: zero (u32). Then each key in the order of the log: digest of the key (u128), digest of the command (u128), index (i64),
/// term (i64) and log time (i64) of its entry, length of the reply (u32; <see cref="NotKept"/> for one not kept), zero (u32), the reply.
/// The state alone decides the bytes: no two keys are of one entry.
/// </remarks>
internal sealed class KeyedSnapshot(KeyedReply[] replies)
{
    public const ulong Magic = 0x3130_5945_4B49_5352; // "RSIKEY01"
    public const int StartSize = 16;
    public const int KeySize = 64;
    public const uint NotKept = uint.MaxValue;

    /// <summary>Bytes after which a piece ends.</summary>
    private const int PieceSize = 32 * 1024;

    private bool _hasStarted;
    private int _next;

    /// <summary>How many keys.</summary>
    public int Count => replies.Length;

    /// <summary>Writes the next piece; false once everything has been written.</summary>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
        if (_hasStarted && _next == replies.Length)
            return false;
        var written = _hasStarted ? 0 : WriteStart(destination);
        while (written < PieceSize && _next < replies.Length)
            written += Write(destination, replies[_next++]);
        return true;
    }

    private int WriteStart(IBufferWriter<byte> destination)
    {
        _hasStarted = true;
        var start = destination.GetSpan(StartSize);
        BinaryPrimitives.WriteUInt64LittleEndian(start, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(start[8..], (uint)replies.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(start[12..], 0);
        destination.Advance(StartSize);
        return StartSize;
    }

    private static int Write(IBufferWriter<byte> destination, KeyedReply reply)
    {
        var size = KeySize + reply.Bytes.Length;
        var bytes = destination.GetSpan(size);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, reply.Key.Digest);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[16..], reply.Request);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], reply.Position.Index.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], reply.Position.Term.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], reply.Time);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[56..], reply.IsKept ? (uint)reply.Bytes.Length : NotKept);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[60..], 0);
        reply.Bytes.CopyTo(bytes[KeySize..]);
        destination.Advance(size);
        return size;
    }
}
